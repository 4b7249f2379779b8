import type { RouteDocs } from '../platform/openapi.ts'

const clinician = '65f0c0ffee65f0c0ffee65f0'
const id = '65f0c0ffee65f0c0ffee65f1'
const createdAt = '2026-01-02T03:04:05.678Z'
const fields = { prompt_name: 'Short', prompt_text: 'Summarise in three sentences.', is_shareable: true }
const legacyPrompt = {
  _id: id,
  ...fields,
  is_deleted: false,
  clinician,
  transcript_ids: [],
  created_at: createdAt,
  __v: 0
}
const legacyTranscript = {
  _id: '65f0c0ffee65f0c0ffee65f2',
  clinician,
  consultation: '65f0c0ffee65f0c0ffee65f3',
  transcript_text: 'Good morning.',
  created_at: createdAt,
  prompt_used: id,
  __v: 0
}

const v1Fields = { name: 'Short', text: 'Summarise in three sentences.', isShareable: true }
const prompt = { id, ...v1Fields, clinicianId: clinician, createdAt, updatedAt: null }
const transcript = {
  id: '65f0c0ffee65f0c0ffee65f2',
  consultationId: '65f0c0ffee65f0c0ffee65f3',
  text: 'Good morning.',
  summary: null,
  promptId: id,
  createdAt,
  updatedAt: null
}

const notAccessible = 'There is no such prompt, or the caller may not do this with it'

export const promptDocs: RouteDocs = {
  'POST /api/prompts': {
    operationId: 'legacyCreatePrompt',
    summary: 'Make a prompt',
    body: fields,
    answers: { 201: { description: 'The prompt', example: { msg: 'Prompt created successfully', data: legacyPrompt } } }
  },
  'GET /api/prompts': {
    operationId: 'legacyListPrompts',
    summary: 'Own and shareable prompts, newest first',
    answers: { 200: { description: 'All of them', example: { prompts: [legacyPrompt] } } }
  },
  'PATCH /api/prompts/:promptId': {
    operationId: 'legacyUpdatePrompt',
    summary: 'Change an own prompt',
    body: { prompt_name: 'Shorter' },
    answers: {
      200: {
        description: 'The prompt as it is now',
        example: { msg: 'Prompt updated', data: { ...legacyPrompt, prompt_name: 'Shorter', updated_at: createdAt } }
      },
      404: notAccessible
    }
  },
  'PATCH /api/prompts/:promptId/add-prompt/:transcriptId': {
    operationId: 'legacyLinkPrompt',
    summary: 'Make it the prompt of an own transcript',
    answers: {
      200: {
        description: 'The transcript',
        example: { msg: 'Prompt linked to transcript successfully', data: legacyTranscript }
      },
      404: 'There is no such prompt or no such transcript'
    }
  },
  'DELETE /api/prompts/:promptId': {
    operationId: 'legacyDeletePrompt',
    summary: 'Delete an own prompt',
    answers: { 200: { description: 'Deleted', example: { msg: 'Prompt deleted successfully' } }, 404: notAccessible }
  },

  'GET /api/v1/prompts': {
    operationId: 'listPrompts',
    summary: 'Own and shareable prompts, newest first',
    answers: { 200: { description: 'A page', example: { data: [prompt], page: { limit: 20, nextCursor: null } } } }
  },
  'POST /api/v1/prompts': {
    operationId: 'createPrompt',
    summary: 'Make a prompt',
    body: v1Fields,
    answers: { 201: { description: 'The prompt', example: { data: prompt } } }
  },
  'GET /api/v1/prompts/:id': {
    operationId: 'getPrompt',
    summary: 'An own or shareable prompt',
    answers: { 200: { description: 'The prompt', example: { data: prompt } } }
  },
  'PATCH /api/v1/prompts/:id': {
    operationId: 'updatePrompt',
    summary: 'Change an own prompt',
    body: { isShareable: false },
    answers: {
      200: {
        description: 'The prompt as it is now',
        example: { data: { ...prompt, isShareable: false, updatedAt: createdAt } }
      }
    }
  },
  'DELETE /api/v1/prompts/:id': {
    operationId: 'deletePrompt',
    summary: 'Delete an own prompt',
    description: 'Where it was used it stays readable.',
    answers: { 204: 'Deleted' }
  },
  'PUT /api/v1/transcripts/:id/prompt': {
    operationId: 'setTranscriptPrompt',
    summary: 'Make a prompt the one to summarise an own transcript with',
    body: { promptId: id },
    answers: { 200: { description: 'The transcript', example: { data: transcript } } }
  }
}
