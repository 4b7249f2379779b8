import { answer, type IntendedDifference, invalid, silence, stored } from './difference.ts'

const nothingToSummarise = answer(404, { msg: 'No transcripts found for this consultation' })
const noConsultation = answer(404, { msg: 'Consultation not found' })
const noCode = answer(404, { msg: 'No clinical code found' })
const noTerminology = answer(502, { msg: 'Terminology server unavailable' })
const summarised = answer(200, { msg: 'SOAP summary generated successfully' })
const notAnalysed = answer(500, { status: 'error' })

export const aiDifferences: readonly IntendedDifference[] = [
  {
    id: 'ai.search.repeated',
    route: 'ai.search',
    what: 'the query string has two queries',
    legacy: answer(200, { query: ['fever', 'cough'] }),
    native: invalid,
    rule: 'malformed',
    why: 'two queries are no query'
  },
  {
    id: 'ai.search.unreachable',
    route: 'ai.search',
    what: 'OpenAI cannot be reached',
    legacy: answer(500, { error: 'Something went wrong', msg: 'fetch failed' }),
    native: answer(500, { error: 'Something went wrong', msg: 'OpenAI could not be reached' }),
    fields: ['/msg'],
    rule: 'secrecy',
    why: 'the message is of ours, not of a library'
  },
  {
    id: 'ai.clinical-codes.no-match',
    route: 'ai.clinical-codes',
    what: 'nothing matches',
    legacy: silence,
    native: noCode,
    rule: 'answered'
  },
  {
    id: 'ai.clinical-codes.no-name',
    route: 'ai.clinical-codes',
    what: 'there is no name, for which the terminology server has no answer',
    legacy: silence,
    native: noCode,
    rule: 'answered'
  },
  {
    id: 'ai.clinical-codes.repeated',
    route: 'ai.clinical-codes',
    what: 'the query string has two names, which match nothing together',
    legacy: silence,
    native: invalid,
    rule: 'answered'
  },
  {
    id: 'ai.clinical-codes.search-fails',
    route: 'ai.clinical-codes',
    what: 'the terminology server fails to search',
    legacy: silence,
    native: noTerminology,
    rule: 'answered'
  },
  {
    id: 'ai.clinical-codes.unreachable',
    route: 'ai.clinical-codes',
    what: 'the terminology server cannot be reached',
    legacy: silence,
    native: noTerminology,
    rule: 'answered'
  },
  {
    id: 'ai.summarise.own',
    route: 'ai.summarise',
    what: "the consultation is the caller's",
    legacy: nothingToSummarise,
    native: summarised,
    rule: 'summarise'
  },
  {
    id: 'ai.summarise.stored',
    route: 'ai.summarise',
    what: 'the fields that a consultation has got afterwards',
    legacy: stored([]),
    native: stored(['soapSummary', 'lastSummarizedAt']),
    rule: 'summarise'
  },
  {
    id: 'ai.summarise.upstream-fails',
    route: 'ai.summarise',
    what: "the consultation is the caller's, and OpenAI fails",
    legacy: nothingToSummarise,
    native: answer(500, { msg: 'Error generating SOAP summary', error: 'OpenAI answered 400' }),
    rule: 'summarise'
  },
  {
    id: 'ai.summarise.not-owner',
    route: 'ai.summarise',
    what: "the consultation is another clinician's",
    legacy: nothingToSummarise,
    native: noConsultation,
    fields: ['/msg'],
    rule: 'ownership'
  },
  {
    id: 'ai.summarise.malformed-id',
    route: 'ai.summarise',
    what: 'the id is no ObjectId',
    legacy: answer(500, { msg: 'Error generating SOAP summary' }),
    native: noConsultation,
    rule: 'malformed'
  },
  {
    id: 'ai.summarise.malformed-prompt',
    route: 'ai.summarise',
    what: 'usedPrompt is an object',
    legacy: nothingToSummarise,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'ai.analyze.malformed-images',
    route: 'ai.analyze',
    what: 'images is no list',
    legacy: notAnalysed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'ai.analyze.malformed-prompt',
    route: 'ai.analyze',
    what: 'prompt is an object, which OpenAI refuses',
    legacy: notAnalysed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'ai.analyze.unreachable',
    route: 'ai.analyze',
    what: 'OpenAI cannot be reached',
    legacy: answer(500, { status: 'error', error: { name: 'TypeError', message: 'fetch failed' } }),
    native: answer(500, {
      status: 'error',
      error: { name: 'UpstreamError', type: 'upstream_error', message: 'OpenAI could not be reached' }
    }),
    fields: ['/error/name', '/error/message'],
    rule: 'secrecy',
    why: 'the message is of ours, not of a library'
  }
]
