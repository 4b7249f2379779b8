import type { TranscriptRepository } from './repository.ts'
import type { TextUpdate, Transcript } from './schema.ts'

/** Transcripts of others are as if they did not exist. */
export interface TranscriptService {
  read(caller: string, id: string): Promise<Transcript | undefined>
  /** Replaces the text. Undefined when the caller has no such transcript. */
  updateText(caller: string, update: TextUpdate): Promise<Transcript | undefined>
  /** The transcript of the caller's consultation. */
  ofConsultation(caller: string, consultationId: string): Promise<Transcript | undefined>
}

export function transcriptService({ transcripts }: { readonly transcripts: TranscriptRepository }): TranscriptService {
  return {
    async read(caller, id) {
      const transcript = await transcripts.find(id)
      return transcript?.clinician === caller ? transcript : undefined
    },

    updateText: (caller, { transcript_id, transcript_text }) =>
      transcripts.setText(caller, transcript_id, transcript_text),

    ofConsultation: (caller, consultationId) => transcripts.ofConsultation(caller, consultationId)
  }
}
