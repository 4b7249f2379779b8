import type { RouteDocs } from '../platform/openapi.ts'

const code = {
  name: 'Asthma',
  code: '195967001',
  url: 'http://snomed.info/sct'
}
const consultationId = '65f0c0ffee65f0c0ffee65f3'
const promptId = '65f0c0ffee65f0c0ffee65f1'
const answer = 'For most adults, 500 mg to 1 g every four to six hours, at most 4 g a day.'
const query = 'paracetamol dose'
const soapSummary = 'S: cough for three days. O: chest clear. A: viral infection. P: fluids, rest.'
const markdown = 'The image shows a **rash** on the forearm.'
const analysis = { prompt: 'What is this?', images: ['https://images.example.org/rash.jpg'] }

export const aiDocs: RouteDocs = {
  'POST /api/ai/search': {
    operationId: 'legacySearch',
    summary: 'Medical information on a question',
    answers: {
      200: { description: 'The answer', example: { query, answer } },
      400: '`query` is missing or empty, or the request body is not valid JSON',
      500: 'OpenAI gave no usable answer'
    }
  },
  'GET /api/ai/search/clinicalcodes': {
    operationId: 'legacyFindClinicalCode',
    summary: 'The SNOMED CT code that fits a name best',
    answers: {
      200: { description: 'The first match', example: code },
      404: 'Nothing matches',
      502: 'The terminology server gave no usable answer'
    }
  },
  'POST /api/ai/:consultationId/summarise': {
    operationId: 'legacySummarise',
    summary: 'Summarise an own consultation as a SOAP note',
    description: 'The summary is stored with the consultation.',
    body: { usedPrompt: promptId },
    answers: {
      200: {
        description: 'The summary',
        example: { msg: 'SOAP summary generated successfully', consultationId, soapSummary }
      },
      404: 'There is no such consultation, or it has no transcript',
      500: 'OpenAI gave no usable answer'
    }
  },
  'POST /api/ai/analyze': {
    operationId: 'legacyAnalyse',
    summary: 'Describe images',
    body: analysis,
    answers: {
      200: { description: 'Markdown', example: { status: 'ok', response: markdown } },
      413: 'The request body, or what OpenAI gets of it, is too large',
      500: 'OpenAI gave no usable answer'
    }
  },

  'POST /api/v1/ai/search': {
    operationId: 'search',
    summary: 'Medical information on a question',
    body: { query },
    answers: { 200: { description: 'The answer', example: { data: { query, answer } } } }
  },
  'GET /api/v1/ai/clinical-codes': {
    operationId: 'findClinicalCodes',
    summary: 'The SNOMED CT codes that fit a name',
    answers: { 200: { description: 'All matches', example: { data: [code] } } }
  },
  'POST /api/v1/ai/summaries': {
    operationId: 'summarise',
    summary: 'Summarise an own consultation as a SOAP note',
    description: 'The summary is stored with the consultation, in place of the one before.',
    body: { consultationId, promptId },
    answers: { 200: { description: 'The summary', example: { data: { consultationId, soapSummary } } } }
  },
  'POST /api/v1/ai/image-analyses': {
    operationId: 'analyseImages',
    summary: 'Describe images',
    description: 'OpenAI fetches web URLs, from its own network. Without `prompt` it is asked to explain the image.',
    body: analysis,
    answers: { 200: { description: 'Markdown', example: { data: { markdown } } } }
  }
}
