import { Router } from 'express'
import type { Caller } from './auth.ts'
import { Transcript } from './models.ts'

export function transcripts(): Router {
  const router = Router()

  router.post<unknown, unknown, { transcript_id?: string; transcript_text?: string }, unknown, Caller>(
    '/update-text',
    async (req, res) => {
      try {
        const { transcript_id, transcript_text } = req.body
        if (!transcript_id || !transcript_text) {
          res.status(400).json({ msg: 'Missing data' })
          return
        }
        const filter = { _id: transcript_id, clinician: res.locals.userID }
        const data = await Transcript.findOneAndUpdate(filter, { transcript_text }, { returnDocument: 'after' })
        res.json({ msg: 'Transcript updated', data })
      } catch {
        res.status(500).json({ msg: 'Internal server error' })
      }
    }
  )

  router.get<{ consultation_id: string }, unknown, unknown, unknown, Caller>('/:consultation_id', async (req, res) => {
    try {
      const consultation = req.params.consultation_id
      res.json(await Transcript.findOne({ consultation, clinician: res.locals.userID }))
    } catch {
      res.status(500).json({ msg: 'Error fetching transcripts' })
    }
  })

  return router
}
