interface ReasonFieldProps {
  readonly value: string
  readonly required?: boolean
  readonly onInput: (text: string) => void
}

/** Why something is done; it is kept in the audit. */
export function ReasonField({ value, required = false, onInput }: ReasonFieldProps) {
  return (
    <label class="field">
      <span>
        Reason <span class="quiet">{required ? '(required; nothing of patients)' : '(nothing of patients)'}</span>
      </span>
      <textarea
        rows={2}
        maxLength={1000}
        aria-label="Reason"
        required={required}
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
      />
    </label>
  )
}
