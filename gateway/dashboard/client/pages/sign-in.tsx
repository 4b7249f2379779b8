import type { TargetedSubmitEvent } from 'preact'
import { useState } from 'preact/hooks'
import { Button, Notice } from '../components/index.ts'
import { messageOf } from '../editor/message.ts'
import { signIn } from '../session.ts'

/** Takes a credential of the admin API, which the browser does not keep. */
export default function SignInPage() {
  const [credential, setCredential] = useState('')
  const [failure, setFailure] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setFailure(undefined)
    try {
      await signIn(credential.trim())
      location.assign(`/dashboard${nextPath()}`)
    } catch (error) {
      setFailure(messageOf(error))
      setBusy(false)
    }
  }
  return (
    <main class="sign-in">
      <h1>Scribe gateway</h1>
      <form onSubmit={event => void submit(event)}>
        <label>
          Credential
          <input
            type="password"
            name="credential"
            autocomplete="current-password"
            required
            value={credential}
            onInput={event => setCredential(event.currentTarget.value)}
          />
        </label>
        <p class="quiet">It begins with sgw_; the gateway printed the first one when it started for the first time.</p>
        {failure !== undefined && <Notice kind="error">{failure}</Notice>}
        <Button kind="primary" type="submit" busy={isBusy}>
          Sign in
        </Button>
      </form>
    </main>
  )
}

/** Only a path of the dashboard, whatever the address says. */
function nextPath(): string {
  const next = new URLSearchParams(location.search).get('next') ?? '/'
  return /^\/(?![/\\])/.test(next) ? next : '/'
}
