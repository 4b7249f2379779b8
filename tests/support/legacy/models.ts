import { model, Schema } from 'mongoose'

const { ObjectId, Mixed } = Schema.Types
const reference = (ref: string, required = false) => ({ type: ObjectId, ref, required })

export const User = model(
  'User',
  new Schema({
    username: { type: String, required: true, trim: true },
    email: { type: String, required: true, unique: true, lowercase: true },
    password: { type: String, required: true },
    role: { type: String, enum: ['patient', 'clinician'], required: true },
    prompts: [reference('Prompt')],
    notes: [reference('Note')],
    transcripts: [reference('Transcript')],
    createdAt: { type: Date, default: Date.now }
  })
)

export const BlackToken = model('BlackToken', new Schema({ blackToken: String }, { versionKey: false }), 'blacktokens')

export const Consultation = model(
  'Consultation',
  new Schema({
    clinician: reference('User', true),
    patient: Mixed,
    transcript: reference('Transcript'),
    notes: [reference('Note')],
    started_at: { type: Date, default: Date.now },
    ended_at: Date,
    status: { type: String, enum: ['active', 'ended'], default: 'active' }
  })
)

export const Transcript = model(
  'Transcript',
  new Schema({
    clinician: reference('User', true),
    consultation: reference('Consultation', true),
    transcript_text: { type: String, default: '' },
    summary: String,
    prompt_used: reference('Prompt'),
    created_at: { type: Date, default: Date.now },
    updated_at: Date
  })
)

export const Note = model(
  'Note',
  new Schema(
    {
      clinician: reference('User', true),
      transcript: reference('Transcript', true),
      consultation: reference('Consultation', true),
      body: { type: String, required: true },
      created_at: { type: Date, default: Date.now },
      updated_at: Date
    },
    { versionKey: false }
  )
)

export const Prompt = model(
  'Prompt',
  new Schema({
    prompt_name: { type: String, required: true },
    prompt_text: { type: String, required: true },
    is_shareable: { type: Boolean, default: false },
    is_deleted: { type: Boolean, default: false },
    clinician: reference('User', true),
    transcript_ids: [reference('Transcript')],
    created_at: { type: Date, default: Date.now },
    updated_at: Date
  })
)
