import { answer, type IntendedDifference, invalid } from './difference.ts'

const failed = answer(500, { msg: 'Internal server error' })
const none = answer(200, { msg: 'Transcript updated', data: null })
const NO_404 = 'an id that names nothing is a transcript that is not the caller’s, for which this route has no 404'

export const transcriptDifferences: readonly IntendedDifference[] = [
  {
    id: 'transcripts.update-text.no-body',
    route: 'transcripts.update-text',
    what: 'there is no body',
    legacy: failed,
    native: answer(400, { msg: 'Missing data' }),
    rule: 'malformed',
    why: 'the route has a 400 of its own for what is missing'
  },
  {
    id: 'transcripts.update-text.malformed-id',
    route: 'transcripts.update-text',
    what: 'transcript_id is no ObjectId',
    legacy: failed,
    native: none,
    rule: 'malformed',
    why: NO_404
  },
  {
    id: 'transcripts.update-text.malformed-text',
    route: 'transcripts.update-text',
    what: 'the text is an object',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'transcripts.update-text.operator',
    route: 'transcripts.update-text',
    what: 'transcript_id is a query operator that matches any',
    legacy: answer(200, { msg: 'Transcript updated', data: { transcript_text: 'said' } }),
    native: invalid,
    rule: 'malformed',
    why: 'an operator is no id; Mongoose runs it and overwrites one of the caller’s transcripts'
  },
  {
    id: 'transcripts.get.malformed-id',
    route: 'transcripts.get',
    what: 'the id is no ObjectId',
    legacy: answer(500, { msg: 'Error fetching transcripts' }),
    native: answer(200),
    rule: 'malformed',
    why: NO_404
  }
]
