import { answer, type IntendedDifference, invalid } from './difference.ts'

const ended = answer(200, { msg: 'Consultation ended successfully' })
const failedToEnd = answer(500, { msg: 'Error ending consultation' })
const noConsultation = answer(404, { msg: 'Consultation not found' })
const noPrompt = answer(404, { msg: 'Prompt not found' })
const highlights = (list: readonly unknown[]) =>
  answer(200, { msg: 'Consultation ended successfully', summary: 'S', highlights: list })

export const consultationDifferences: readonly IntendedDifference[] = [
  {
    id: 'consultations.start.no-body',
    route: 'consultations.start',
    what: 'there is no body',
    legacy: answer(500, { msg: 'Error starting consultation' }),
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'consultations.get.malformed-id',
    route: 'consultations.get',
    what: 'the id is no ObjectId',
    legacy: answer(500, { msg: 'Error fetching consultation' }),
    native: answer(404, { msg: 'Consultation not found or invalid' }),
    rule: 'malformed'
  },
  {
    id: 'consultations.end.malformed-id',
    route: 'consultations.end',
    what: 'the id is no ObjectId',
    legacy: failedToEnd,
    native: noConsultation,
    rule: 'malformed'
  },
  {
    id: 'consultations.end.no-body',
    route: 'consultations.end',
    what: 'there is no body',
    legacy: failedToEnd,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'consultations.end.malformed-prompt',
    route: 'consultations.end',
    what: 'prompt_used is no ObjectId',
    legacy: failedToEnd,
    native: noPrompt,
    rule: 'malformed'
  },
  {
    id: 'consultations.end.operator',
    route: 'consultations.end',
    what: 'prompt_used is a query operator that matches any',
    legacy: ended,
    native: invalid,
    rule: 'malformed',
    why: 'an operator is no id; Mongoose runs it'
  },
  {
    id: 'consultations.end.not-owner',
    route: 'consultations.end',
    what: "the consultation is another clinician's",
    legacy: ended,
    native: noConsultation,
    rule: 'ownership'
  },
  {
    id: 'consultations.end.private-prompt',
    route: 'consultations.end',
    what: "the prompt is another clinician's and not shareable",
    legacy: ended,
    native: noPrompt,
    rule: 'ownership'
  },
  {
    id: 'consultations.end.fenced-highlights',
    route: 'consultations.end',
    what: 'the second completion is a JSON array in a code fence',
    legacy: highlights([]),
    native: highlights([{ term: 'Cough', possible_snomed: '49727002' }]),
    fields: ['/highlights'],
    rule: 'completions'
  },
  {
    id: 'consultations.end.odd-highlights',
    route: 'consultations.end',
    what: 'the second completion is a JSON array whose elements are not all as asked for',
    legacy: highlights([5, { term: 'Cough', possible_snomed: 49727002, more: true }, { term: 'Fever' }]),
    native: highlights([
      { term: 'Cough', possible_snomed: '49727002' },
      { term: 'Fever', possible_snomed: '' }
    ]),
    fields: ['/highlights'],
    rule: 'completions'
  },
  {
    id: 'consultations.end.blank-completion',
    route: 'consultations.end',
    what: 'the first completion is blank',
    legacy: answer(200, { transcript: { summary: '' }, summary: '' }),
    native: answer(200, { transcript: { summary: 'Summary not generated' }, summary: 'Summary not generated' }),
    fields: ['/transcript/summary', '/summary'],
    rule: 'completions'
  }
]
