import { Router } from 'express'
import type { Caller } from './auth.ts'
import { Prompt, Transcript } from './models.ts'

const NOT_FOUND = { msg: 'Prompt not found or not accessible' }
const FAILED = { error: 'Internal Server Error' }

type PromptId = { promptId: string }
type Link = { promptId: string; transcriptId: string }

interface PromptBody {
  prompt_name?: string
  prompt_text?: string
  is_shareable?: boolean
}

export function prompts(): Router {
  const router = Router()

  router.post<unknown, unknown, PromptBody, unknown, Caller>('/', async (req, res) => {
    try {
      const { prompt_name, prompt_text, is_shareable } = req.body
      const clinician = res.locals.userID
      const data = await new Prompt({ prompt_name, prompt_text, is_shareable, clinician }).save()
      res.status(201).json({ msg: 'Prompt created successfully', data })
    } catch {
      res.status(500).json(FAILED)
    }
  })

  router.get<unknown, unknown, unknown, unknown, Caller>('/', async (_req, res) => {
    try {
      res.json({ prompts: await Prompt.find(readableBy(res.locals.userID)).sort({ created_at: -1 }) })
    } catch {
      res.status(500).json(FAILED)
    }
  })

  router.patch<PromptId, unknown, PromptBody, unknown, Caller>('/:promptId', async (req, res) => {
    try {
      const data = await Prompt.findOneAndUpdate(
        ownedBy(res.locals.userID, req.params.promptId),
        // The whole body as it comes, so that a caller can set any field.
        { ...req.body, updated_at: new Date() },
        { returnDocument: 'after' }
      )
      if (data) res.json({ msg: 'Prompt updated', data })
      else res.status(404).json(NOT_FOUND)
    } catch {
      res.status(500).json(FAILED)
    }
  })

  router.patch<Link, unknown, unknown, unknown, Caller>('/:promptId/add-prompt/:transcriptId', async (req, res) => {
    try {
      const { promptId, transcriptId } = req.params
      const prompt = await Prompt.findOne({ _id: promptId, ...readableBy(res.locals.userID) })
      if (!prompt) {
        res.status(404).json(NOT_FOUND)
        return
      }
      const data = await Transcript.findByIdAndUpdate(
        transcriptId,
        { prompt_used: prompt.id },
        { returnDocument: 'after' }
      )
      if (data) res.json({ msg: 'Prompt linked to transcript successfully', data })
      else res.status(404).json({ msg: 'Transcript not found' })
    } catch {
      res.status(500).json(FAILED)
    }
  })

  router.delete<PromptId, unknown, unknown, unknown, Caller>('/:promptId', async (req, res) => {
    try {
      const filter = ownedBy(res.locals.userID, req.params.promptId)
      const deleted = await Prompt.findOneAndUpdate(filter, { is_deleted: true, updated_at: new Date() })
      if (deleted) res.json({ msg: 'Prompt deleted successfully' })
      else res.status(404).json(NOT_FOUND)
    } catch {
      res.status(500).json(FAILED)
    }
  })

  return router
}

function readableBy(clinician: string) {
  return { is_deleted: false, $or: [{ is_shareable: true }, { clinician }] }
}

function ownedBy(clinician: string, _id: string) {
  return { _id, clinician, is_deleted: false }
}
