import { type ComponentChildren, type ComponentType, type JSX, render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Button, Notice } from './components/index.ts'
import { messageOf } from './editor/message.ts'
import { LiveContext, type LiveFeed, openLive } from './live.ts'
import { LiveState } from './live-state.tsx'
import OverviewPage from './pages/overview.tsx'
import SignInPage from './pages/sign-in.tsx'
import { Link, usePath } from './router.ts'
import { loadSession, type Session, SessionContext, signOut } from './session.ts'

const MENU = [
  ['/', 'Overview'],
  ['/config', 'Configuration'],
  ['/audit', 'Audit'],
  ['/discovery', 'Discovery']
] as const

function App() {
  return usePath() === '/sign-in' ? <SignInPage /> : <SignedIn />
}

function SignedIn() {
  const [session, setSession] = useState<Session>()
  const [feed, setFeed] = useState<LiveFeed>()
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    const opened = openLive()
    setFeed(opened)
    loadSession().then(setSession, (error: unknown) => setFailure(messageOf(error)))
    return () => opened.close()
  }, [])
  if (failure !== undefined) return <Notice kind="error">{failure}</Notice>
  if (session === undefined) return null
  return (
    <SessionContext.Provider value={session}>
      <LiveContext.Provider value={feed}>
        <Header session={session} />
        <main id="main" tabIndex={-1}>
          <Shown path={usePath()} />
        </main>
      </LiveContext.Provider>
    </SessionContext.Provider>
  )
}

function Header({ session: { name, role } }: { readonly session: Session }) {
  const path = usePath()
  const isHere = (href: string) => (href === '/' ? path === '/' || path.startsWith('/routes/') : path.startsWith(href))
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <strong class="brand">Scribe gateway</strong>
      <nav aria-label="Pages">
        {MENU.map(([href, title]) => (
          <Link key={href} href={href} aria-current={isHere(href) ? 'page' : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <LiveState />
      <span class="who">
        {name} <span class="quiet">({role})</span>
      </span>
      <Button kind="plain" onClick={leave}>
        Sign out
      </Button>
    </header>
  )
}

async function leave(): Promise<void> {
  await signOut()
  location.assign('/dashboard/sign-in')
}

function Shown({ path }: { readonly path: string }): JSX.Element {
  if (path === '/') return <OverviewPage />
  const route = /^\/routes\/([^/]+)$/.exec(path)?.[1]
  if (route !== undefined) return <RoutePage key={path} id={decodeURIComponent(route)} />
  const revision = /^\/config\/revisions\/([1-9]\d*)$/.exec(path)?.[1]
  if (revision !== undefined) return <RevisionPage key={path} n={Number(revision)} />
  if (path === '/config') return <ConfigPage />
  if (path === '/audit') return <AuditPage />
  if (path === '/discovery') return <DiscoveryPage />
  return (
    <Notice kind="warning">
      There is no page {path}. <Link href="/">Go to the overview.</Link>
    </Notice>
  )
}

const RoutePage = later(() => import('./pages/route.tsx'))
const RevisionPage = later(() => import('./pages/revision.tsx'))
const ConfigPage = later(() => import('./pages/config.tsx'))
const AuditPage = later(() => import('./pages/audit.tsx'))
const DiscoveryPage = later(() => import('./pages/discovery.tsx'))

/** A page whose script is loaded when it is first opened. */
function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  return function Later(props: P): ComponentChildren {
    const [loaded, setLoaded] = useState<{ readonly Part: ComponentType<P> }>()
    const [failure, setFailure] = useState<string>()
    useEffect(() => {
      load().then(
        module => setLoaded({ Part: module.default }),
        () => setFailure('This page could not be loaded. The gateway may have been updated: reload the page.')
      )
    }, [])
    if (failure !== undefined) return <Notice kind="error">{failure}</Notice>
    return loaded === undefined ? null : <loaded.Part {...props} />
  }
}

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
