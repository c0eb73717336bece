import { Component, lazy, type ReactNode, Suspense, useEffect, useState } from 'react'
import { useFrames } from '../api/live.ts'
import { queries, useAnswer } from '../api/queries.ts'
import type { Me } from '../api/session.ts'
import { useWords, words } from '../language/language.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Drawer } from '../ui/dialog.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { CircleAlert, CircleUser, LogOut, Menu as MenuIcon, Search } from '../ui/icons.ts'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { Loading, Page } from '../ui/page.tsx'
import { logOut } from './log-out.ts'
import { Logo } from './logo.tsx'
import { LookMenu } from './look-menu.tsx'
import { Link, Route, Switch, useLocation } from './navigation.ts'
import { pages } from './pages.ts'
import { Palette } from './palette.tsx'
import { Sidebar } from './sidebar.tsx'
import { LostBanner } from './unreached.tsx'

const text = words({
  en: {
    navigation: 'Navigation',
    search: 'Search',
    skip: 'Skip to content',
    logOut: 'Log out',
    alarms: (n: number) => (n === 1 ? '1 alarm' : `${n} alarms`),
    noPage: 'There is no such page',
    toOverview: 'To the overview',
    broken: 'This page failed',
    reload: 'Load it again',
  },
  zh: {
    navigation: '导航',
    search: '搜索',
    skip: '跳到内容',
    logOut: '退出登录',
    alarms: n => `${n} 个告警`,
    noPage: '页面不存在',
    toOverview: '返回概览',
    broken: '页面出错',
    reload: '重新加载',
  },
})

const parts = pages.map(({ path, load }) => ({ path, Part: lazy(load) }))

/** What surrounds every page. */
export function Shell({ me }: { me: Me }) {
  const t = useWords(text)
  const [drawer, setDrawer] = useState(false)
  const [palette, setPalette] = useState(false)
  const [location, navigate] = useLocation()
  // The numbers of every second keep the stream open on every page; it tells when the server is lost.
  useFrames('metrics', () => {})
  useFrames('alarms', () => void queries.invalidateQueries({ queryKey: ['GET /alarms'] }))
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      setPalette(open => !open)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-surface focus:p-2"
      >
        {t.skip}
      </a>
      <div className="sticky top-0 hidden h-dvh w-56 shrink-0 overflow-auto border-r bg-surface lg:block">
        <Sidebar label={t.navigation} />
      </div>
      <Drawer open={drawer} onClose={() => setDrawer(false)} title={t.navigation}>
        <Sidebar label={t.navigation} onOpened={() => setDrawer(false)} />
      </Drawer>
      <div className="flex min-w-0 flex-1 flex-col">
        <LostBanner />
        <header className="sticky top-0 z-20 flex h-12 items-center gap-1.5 border-b bg-surface px-2 lg:px-4">
          <IconButton label={t.navigation} className="lg:hidden" onClick={() => setDrawer(true)}>
            <MenuIcon />
          </IconButton>
          <span className="lg:hidden">
            <Logo />
          </span>
          <Button
            className="ml-auto w-8 justify-start px-0 text-muted max-sm:justify-center sm:w-64 sm:px-2.5 lg:ml-0"
            onClick={() => setPalette(true)}
          >
            <Search aria-hidden="true" />
            <span className="flex-1 text-left max-sm:sr-only">{t.search}</span>
            <kbd className="hidden rounded border px-1 font-sans text-xs sm:inline">Ctrl K</kbd>
          </Button>
          <div className="flex items-center gap-0.5 lg:ml-auto">
            <Alarms />
            <LookMenu />
            {me.via === 'session' && (
              <Menu
                button={
                  <IconButton label={`${me.name} · ${me.role}`}>
                    <CircleUser />
                  </IconButton>
                }
              >
                <div className="px-2 pt-1 pb-1.5">
                  <div className="font-medium">{me.name}</div>
                  <div className="text-xs text-muted">{me.role}</div>
                </div>
                <MenuItem onSelect={() => void logOut()}>
                  <LogOut />
                  {t.logOut}
                </MenuItem>
              </Menu>
            )}
          </div>
        </header>
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Guarded key={location} title={t.broken} act={t.reload}>
            <Suspense fallback={<Loading />}>
              <Switch>
                {parts.map(({ path, Part }) => (
                  <Route key={path} path={path}>
                    <Part />
                  </Route>
                ))}
                <Route>
                  <Page title={t.noPage}>
                    <EmptyState title={location}>
                      <Link href="/" className="text-accent underline">
                        {t.toOverview}
                      </Link>
                    </EmptyState>
                  </Page>
                </Route>
              </Switch>
            </Suspense>
          </Guarded>
        </main>
      </div>
      <Palette open={palette} onClose={() => setPalette(false)} go={navigate} />
    </div>
  )
}

/** Shown only while there are alarms: calm is the usual. */
function Alarms() {
  const { alarms } = useWords(text)
  const { data } = useAnswer('GET /alarms', {}, { every: 30_000 })
  if (!data || data.length === 0) return null
  return (
    <Link
      href="/alarms"
      className="mr-1 inline-flex h-7 items-center gap-1.5 rounded-md bg-bad-soft px-2 font-medium text-bad"
      title={data.map(({ message }) => message).join('\n')}
    >
      <CircleAlert aria-hidden="true" className="size-4" />
      {alarms(data.length)}
    </Link>
  )
}

/** A page that fails leaves the rest standing; after an update its old parts are gone, and loading anew mends that. */
class Guarded extends Component<{ title: string; act: string; children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    const { title, act, children } = this.props
    if (!this.state.error) return children
    return (
      <div role="alert">
        <EmptyState title={title} hint={this.state.error.message}>
          <Button onClick={() => globalThis.location.reload()}>{act}</Button>
        </EmptyState>
      </div>
    )
  }
}
