import { answer, type IntendedDifference, invalid } from './difference.ts'

const failed = answer(500, { error: 'Internal Server Error' })
const noPrompt = answer(404, { msg: 'Prompt not found or not accessible' })
const noTranscript = answer(404, { msg: 'Transcript not found' })
const updated = (data: object) => answer(200, { msg: 'Prompt updated', data })

const ANOTHER = '65f0c0ffee65f0c0ffee65f0'

/** Fields in a change that are not for clients, and what there is before. */
const foreignFields = [
  ['clinician', ANOTHER, undefined],
  ['is_deleted', true, false],
  ['transcript_ids', [ANOTHER], []],
  ['created_at', '2000-01-01T00:00:00.000Z', undefined],
  ['__v', 7, 0]
] as const

export const promptDifferences: readonly IntendedDifference[] = [
  {
    id: 'prompts.create.invalid',
    route: 'prompts.create',
    what: 'name or text is missing, empty or no text, or is_shareable is no boolean',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'prompts.update.invalid',
    route: 'prompts.update',
    what: 'a field has a value that cannot be one of its kind',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'prompts.update.malformed-id',
    route: 'prompts.update',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: noPrompt,
    rule: 'malformed'
  },
  ...foreignFields.map(
    ([name, value, before]): IntendedDifference => ({
      id: `prompts.update.${name.replace(/_+/g, '-')}`,
      route: 'prompts.update',
      what: `the body has the field ${name}`,
      legacy: updated({ [name]: value }),
      native: updated(before === undefined ? {} : { [name]: before }),
      fields: [`/data/${name}`],
      rule: 'promptFields'
    })
  ),
  {
    id: 'prompts.update.id',
    route: 'prompts.update',
    what: 'the body has an _id, which MongoDB does not change',
    legacy: failed,
    native: updated({}),
    rule: 'promptFields'
  },
  {
    id: 'prompts.update.operator',
    route: 'prompts.update',
    what: 'the body has an update operator',
    legacy: updated({ prompt_text: 'set' }),
    native: updated({ prompt_text: 'Be brief.' }),
    fields: ['/data/prompt_text'],
    rule: 'promptFields'
  },
  {
    id: 'prompts.delete.malformed-id',
    route: 'prompts.delete',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: noPrompt,
    rule: 'malformed'
  },
  {
    id: 'prompts.link.malformed-id',
    route: 'prompts.link',
    what: "the prompt's id is no ObjectId",
    legacy: failed,
    native: noPrompt,
    rule: 'malformed'
  },
  {
    id: 'prompts.link.malformed-transcript',
    route: 'prompts.link',
    what: "the transcript's id is no ObjectId",
    legacy: failed,
    native: noTranscript,
    rule: 'malformed'
  },
  {
    id: 'prompts.link.not-owner',
    route: 'prompts.link',
    what: "the transcript is another clinician's",
    legacy: answer(200, { msg: 'Prompt linked to transcript successfully' }),
    native: noTranscript,
    rule: 'ownership'
  }
]
