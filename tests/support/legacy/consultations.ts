import { Router } from 'express'
import { type Caller, messageOf } from './auth.ts'
import { Consultation, Prompt, Transcript } from './models.ts'
import { type Chat, chatCompletion } from './openai.ts'

const AUTHOR = { path: 'clinician', select: 'username email' }
const NOTES = { path: 'notes', select: 'body clinician', populate: AUTHOR }

const CODING_INSTRUCTION = `You are a clinical coding assistant. List the clinically relevant terms of the summary that the
user sends. Answer with a JSON array and nothing else; each element is {"term": string, "possible_snomed": string}.`

type Id = { id: string }

export function consultations(openai: Chat): Router {
  const router = Router()

  router.post<unknown, unknown, { patient_data: unknown }, unknown, Caller>('/start', async (req, res) => {
    try {
      const clinician = res.locals.userID
      const consultation = await new Consultation({ clinician, patient: req.body.patient_data }).save()
      const transcript = await new Transcript({ clinician, consultation: consultation.id }).save()
      consultation.transcript = transcript.id
      await consultation.save()
      res.json({ msg: 'Consultation started', data: { consultation, transcript } })
    } catch (error) {
      res.status(500).json({ msg: 'Error starting consultation', error: messageOf(error) })
    }
  })

  router.post<Id, unknown, { prompt_used?: string }, unknown, Caller>('/:id/end', async (req, res) => {
    try {
      const consultation = await Consultation.findById(req.params.id)
      if (!consultation) {
        res.status(404).json({ msg: 'Consultation not found' })
        return
      }
      const transcript = await Transcript.findById(consultation.transcript)
      if (!transcript) {
        res.status(404).json({ msg: 'Transcript not found' })
        return
      }
      const prompt = await Prompt.findById(req.body.prompt_used)
      if (!prompt) {
        res.status(404).json({ msg: 'Prompt not found' })
        return
      }
      const summary = await summarise(openai, prompt.prompt_text, transcript.transcript_text)
      const highlights = await highlight(openai, summary)
      transcript.summary = summary
      transcript.updated_at = new Date()
      await transcript.save()
      consultation.status = 'ended'
      consultation.ended_at = new Date()
      await consultation.save()
      res.json({ msg: 'Consultation ended successfully', transcript, summary, highlights })
    } catch (error) {
      res.status(500).json({ msg: 'Error ending consultation', error: messageOf(error) })
    }
  })

  router.get<Id, unknown, unknown, unknown, Caller>('/:id', async (req, res) => {
    try {
      const consultation = await Consultation.findOne({ _id: req.params.id, clinician: res.locals.userID })
        .populate(AUTHOR)
        .populate(NOTES)
        .populate({ path: 'transcript', populate: { path: 'prompt_used', select: 'prompt_name prompt_text' } })
      if (!consultation) {
        res.status(404).json({ msg: 'Consultation not found or invalid' })
        return
      }
      res.json({ consultation })
    } catch (error) {
      res.status(500).json({ msg: 'Error fetching consultation', error: messageOf(error) })
    }
  })

  router.get<unknown, unknown, unknown, unknown, Caller>('/', async (_req, res) => {
    try {
      const list = await Consultation.find({ clinician: res.locals.userID })
        .populate(AUTHOR)
        .populate(NOTES)
        .populate('transcript')
        .sort({ started_at: -1 })
      res.json({ consultations: list })
    } catch (error) {
      res.status(500).json({ msg: 'Error fetching consultations', error: messageOf(error) })
    }
  })

  return router
}

async function summarise(openai: Chat, instruction: string, text: string): Promise<string> {
  try {
    return (await chatCompletion(openai, instruction, text)).trim()
  } catch {
    return 'Summary not generated'
  }
}

async function highlight(openai: Chat, summary: string): Promise<unknown[]> {
  try {
    const terms: unknown = JSON.parse(await chatCompletion(openai, CODING_INSTRUCTION, summary))
    return Array.isArray(terms) ? terms : []
  } catch {
    return []
  }
}
