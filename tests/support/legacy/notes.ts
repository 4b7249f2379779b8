import { type Response, Router } from 'express'
import { type Caller, messageOf } from './auth.ts'
import { Consultation, Note } from './models.ts'

type ConsultationId = { consultationId: string }
type NoteId = { noteId: string }

interface NoteBody {
  body?: string
  transcriptId?: string
}

export function notes(): Router {
  const router = Router()

  router.post<ConsultationId, unknown, NoteBody, unknown, Caller>('/:consultationId', async (req, res) => {
    try {
      const { consultationId } = req.params
      const { body, transcriptId } = req.body
      if (!body) {
        res.status(400).json({ msg: 'Note body is required.' })
        return
      }
      const consultation = await Consultation.findById(consultationId)
      if (!consultation) {
        res.status(404).json({ msg: 'Consultation not found.' })
        return
      }
      const note = await new Note({
        clinician: res.locals.userID,
        transcript: transcriptId,
        consultation: consultation.id,
        body
      }).save()
      await Consultation.findByIdAndUpdate(consultationId, { $push: { notes: note.id } })
      res.status(201).json({ msg: 'Note added successfully.', note })
    } catch (error) {
      serverError(res, error)
    }
  })

  router.get<ConsultationId, unknown, unknown, unknown, Caller>('/:consultationId', async (req, res) => {
    try {
      const list = await Note.find({ consultation: req.params.consultationId })
        .populate('clinician', 'username email')
        .sort({ created_at: -1 })
      res.json({ count: list.length, notes: list })
    } catch (error) {
      serverError(res, error)
    }
  })

  router.patch<NoteId, unknown, NoteBody, unknown, Caller>('/:noteId', async (req, res) => {
    try {
      const note = await Note.findById(req.params.noteId)
      if (!note) {
        res.status(404).json({ msg: 'Note not found.' })
        return
      }
      if (note.clinician.toString() !== res.locals.userID) {
        res.status(403).json({ msg: 'Not authorized.' })
        return
      }
      note.body = req.body.body || note.body
      note.updated_at = new Date()
      await note.save()
      res.json({ msg: 'Note updated.', note })
    } catch (error) {
      serverError(res, error)
    }
  })

  router.delete<NoteId, unknown, unknown, unknown, Caller>('/:noteId', async (req, res) => {
    try {
      const note = await Note.findById(req.params.noteId)
      if (!note) {
        res.status(404).json({ msg: 'Note not found.' })
        return
      }
      if (note.clinician.toString() !== res.locals.userID) {
        res.status(403).json({ msg: 'Not authorized.' })
        return
      }
      await note.deleteOne()
      res.json({ msg: 'Note deleted successfully.' })
    } catch (error) {
      serverError(res, error)
    }
  })

  return router
}

function serverError(res: Response<unknown, Caller>, error: unknown): void {
  res.status(500).json({ msg: 'Server error', error: messageOf(error) })
}
