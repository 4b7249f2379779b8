import { Router } from 'express'
import { type Caller, messageOf } from './auth.ts'
import { Consultation, Prompt, Transcript } from './models.ts'
import { clinicalCodes, type Terminology } from './nhs.ts'
import { type Chat, chatCompletion, UpstreamError } from './openai.ts'

const SEARCH_INSTRUCTION = `You are a medical information assistant. Give concise, safe and factual medical information.
Give no personal diagnosis.`
const SOAP_INSTRUCTION = 'You are a clinical scribe. Summarise the consultation as a SOAP note.'
const IMAGE_INSTRUCTION = 'You are a clinical assistant in the UK. Follow UK guidance and answer in Markdown.'

interface Analysis {
  prompt?: string
  images?: unknown[]
}

export function ai({ openai, terminology }: { openai: Chat; terminology: Terminology }): Router {
  const router = Router()

  router.post<unknown, unknown, unknown, { query?: string }, Caller>('/search', async (req, res) => {
    const { query } = req.query
    if (!query) {
      res.status(400).json({ error: 'Query is required' })
      return
    }
    try {
      res.json({ query, answer: await chatCompletion(openai, SEARCH_INSTRUCTION, query) })
    } catch (error) {
      res.status(500).json({ error: 'Something went wrong', msg: messageOf(error) })
    }
  })

  router.get<unknown, unknown, unknown, { name?: string }, Caller>('/search/clinicalcodes', async (req, res) => {
    try {
      const matches = await clinicalCodes(terminology, req.query.name ?? '')
      // Answers once per match: the second time throws, and without a match there is never an answer.
      for (const { display, code, system } of matches) res.json({ name: display, code, url: system })
    } catch {
      // Nor is there one after a failure.
    }
  })

  router.post<{ consultationId: string }, unknown, { usedPrompt?: string } | undefined, unknown, Caller>(
    '/:consultationId/summarise',
    async (req, res) => {
      try {
        const { consultationId } = req.params
        const consultation = await Consultation.findById(consultationId)
        if (!consultation) {
          res.status(404).json({ msg: 'Consultation not found' })
          return
        }
        // The field is called consultation, so this never finds any.
        const transcripts = await Transcript.find().where('consultationId', consultationId)
        if (transcripts.length === 0) {
          res.status(404).json({ msg: 'No transcripts found for this consultation' })
          return
        }
        const prompt = await Prompt.findById(req.body?.usedPrompt)
        const text = transcripts.map(({ transcript_text }) => transcript_text).join('\n')
        const soapSummary = await chatCompletion(openai, prompt?.prompt_text ?? SOAP_INSTRUCTION, text)
        res.json({ msg: 'SOAP summary generated successfully', consultationId, soapSummary })
      } catch (error) {
        res.status(500).json({ msg: 'Error generating SOAP summary', error: messageOf(error) })
      }
    }
  )

  router.post<unknown, unknown, Analysis | undefined, unknown, Caller>('/analyze', async (req, res) => {
    try {
      const { prompt = 'Explain this image !', images = [] } = req.body ?? {}
      const response = await chatCompletion(openai, IMAGE_INSTRUCTION, [
        { type: 'text', text: prompt },
        ...images.flatMap(imageUrl).map(url => ({ type: 'image_url' as const, image_url: { url } }))
      ])
      res.json({ status: 'ok', response })
    } catch (error) {
      const name = error instanceof Error ? error.name : 'Error'
      const status = error instanceof UpstreamError && error.status === 413 ? 413 : 500
      res.status(status).json({ status: 'error', error: { name, type: 'upstream_error', message: messageOf(error) } })
    }
  })

  return router
}

function imageUrl(image: unknown): string[] {
  if (typeof image !== 'string') return []
  if (/^https?:\/\//.test(image) || image.startsWith('data:image/')) return [image]
  const [, mime, payload] = /^base64:([^:]+):(.+)$/s.exec(image) ?? []
  if (mime && payload) return [`data:${mime};base64,${payload}`]
  return /^[A-Za-z0-9+/]+={0,2}$/.test(image) ? [`data:image/png;base64,${image}`] : []
}
