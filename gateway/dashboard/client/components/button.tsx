import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'

export interface ButtonProps {
  readonly kind?: 'primary' | 'plain' | 'danger'
  /** Something is being done: a further click does nothing. */
  readonly busy?: boolean
  readonly disabled?: boolean
  readonly type?: 'submit' | 'button'
  readonly onClick?: () => unknown
  readonly 'aria-label'?: string
  readonly 'aria-expanded'?: boolean
  readonly 'aria-controls'?: string
  readonly children?: ComponentChildren
}

/** A button that does nothing more while what it does is not done. */
export function Button({ kind, busy = false, disabled = false, type = 'button', onClick, ...rest }: ButtonProps) {
  const running = useRef(false)
  const [isRunning, setRunning] = useState(false)
  const click = async () => {
    if (running.current || onClick === undefined) return
    running.current = true
    setRunning(true)
    try {
      await onClick()
    } finally {
      running.current = false
      setRunning(false)
    }
  }
  const isBusy = busy || isRunning
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind ?? ''}`}
      disabled={disabled || isBusy}
      aria-busy={isBusy}
      onClick={onClick === undefined ? undefined : () => void click()}
    />
  )
}
