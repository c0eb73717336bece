import { useAnswer } from '../api/queries.ts'
import { useWords } from '../language/language.ts'
import { cx } from '../ui/class-names.ts'
import { BookOpen } from '../ui/icons.ts'
import { Logo } from './logo.tsx'
import { Link, useLocation } from './navigation.ts'
import { groups, pageNames } from './pages.ts'
import { useShownPages } from './shown-pages.ts'

/** All pages by their groups. */
export function Sidebar({ label, onOpened }: { label: string; onOpened?: () => void }) {
  const names = useWords(pageNames)
  const [location] = useLocation()
  const pages = useShownPages()
  const { data } = useAnswer('GET /overview', {}, { every: 60_000 })
  return (
    <nav aria-label={label} className="flex min-h-full flex-col">
      <Link href="/" className="flex h-12 items-center px-4" onClick={onOpened} aria-label="RobustMQ">
        <Logo />
      </Link>
      <div className="flex-1 px-2 pb-4">
        {groups.map(group => {
          const listed = pages.filter(page => page.group === group)
          return (
            listed.length > 0 && (
              <div key={group} className="mt-3 first:mt-1">
                <h2 className="px-2 pb-1 text-xs font-medium text-muted">{names.groups[group]}</h2>
                <ul>
                  {listed.map(({ name, path, icon: Icon }) => (
                    <li key={name}>
                      <Link
                        href={path}
                        onClick={onOpened}
                        aria-current={location === path ? 'page' : undefined}
                        className={cx(
                          'flex h-8 items-center gap-2.5 rounded-md px-2 [&_svg]:size-4',
                          location === path
                            ? 'bg-accent-soft font-medium text-accent'
                            : 'text-ink hover:bg-raised [&_svg]:text-muted',
                        )}
                      >
                        <Icon />
                        {names[name]}
                      </Link>
                    </li>
                  ))}
                </ul>
              </div>
            )
          )
        })}
        {/* A page of the server's own. */}
        <a
          href="/api/docs"
          className="mt-1 flex h-8 items-center gap-2.5 rounded-md px-2 hover:bg-raised [&_svg]:size-4 [&_svg]:text-muted"
        >
          <BookOpen />
          {names.apiDocs}
        </a>
      </div>
      {data && (
        <p className="truncate px-4 py-3 text-xs text-muted">
          {data.node.name} · {data.node.version}
        </p>
      )}
    </nav>
  )
}
