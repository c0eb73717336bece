import { lockDirectory } from './directory.ts'
import type { Disk } from './disk.ts'
import { segmentHeaderBytes } from './frame.ts'
import { realDisk } from './real-disk.ts'
import type { DirectorySurvey, FileSurvey } from './survey.ts'
import { survey } from './survey.ts'

export interface Problem {
  readonly file: string
  /** Byte position in the file. */
  readonly offset: number
  readonly problem: string
  /** What a repair gives up; what cannot be read any more. */
  readonly lost: string
  /**
   * damage: the broker refuses to start. interrupted: the rest of a write that a crash cut short and nobody was told
   * of; the broker removes it by itself.
   */
  readonly severity: 'damage' | 'interrupted'
}

export interface CheckReport {
  readonly directory: string
  readonly files: number
  /** Records of logs and writes of tables that are whole. */
  readonly records: number
  readonly problems: readonly Problem[]
}

/**
 * Reads all data files of a directory and reports every problem; changes nothing. Takes as long as reading them takes.
 * @throws BrokerError STORAGE_LOCKED: a broker runs on it. STORAGE_FORMAT: another version's.
 */
export async function check(directory: string, disk: Disk = realDisk): Promise<CheckReport> {
  const release = await lockDirectory(disk, directory)
  try {
    return report(directory, await survey(disk, directory))
  } finally {
    await release()
  }
}

export function report(directory: string, surveys: readonly DirectorySurvey[]): CheckReport {
  const problems = surveys.flatMap(each => [...segmentProblems(each), ...snapshotProblems(each)])
  let files = 0
  let records = 0
  for (const { segments, snapshot } of surveys) {
    files += segments.length + (snapshot === undefined ? 0 : 1)
    for (const { first, next, gaps } of segments) {
      records += next - first
      for (const gap of gaps) records -= (gap.resume ?? gap.next) - gap.next
    }
  }
  return { directory, files, records, problems }
}

function segmentProblems(directory: DirectorySurvey): Problem[] {
  const problems: Problem[] = []
  for (const [index, segment] of directory.segments.entries()) {
    const following = directory.segments[index + 1]?.first
    problems.push(...fileProblems(segment, following, (from, to) => lostRecords(directory, from, to)))
    const gone = following !== undefined && segment.next !== following
    if (!gone || segment.gaps.at(-1)?.end === segment.size || segment.mark === undefined) continue
    problems.push({
      file: segment.path,
      offset: segment.size,
      problem: `the next file begins with offset ${following}, not ${segment.next}`,
      lost:
        segment.next < following
          ? lostRecords(directory, segment.next, following)
          : 'nothing, but two files hold the same offsets, which a repair cannot mend: ask for help and keep both',
      severity: 'damage',
    })
  }
  return problems
}

function snapshotProblems(directory: DirectorySurvey): Problem[] {
  const { snapshot, segments, kind } = directory
  if (kind === 'log') return []
  const problems: Problem[] = []
  if (snapshot !== undefined) {
    problems.push(...fileProblems(snapshot, Number.NaN, (from, to) => lostRows(from, to)))
  }
  const revision = snapshot?.number ?? 0
  const first = segments[0]?.first ?? 0
  const next = segments.at(-1)?.next ?? 0
  if (revision >= first && revision <= next) return problems
  const problem = `the snapshot is of revision ${revision}, but the journal has ${first} to ${next}`
  const lost = revision < first ? lostRecords(directory, revision, first) : lostRecords(directory, next, revision)
  return [...problems, { file: snapshot?.path ?? directory.directory, offset: 0, problem, lost, severity: 'damage' }]
}

/** `following`: the first offset of the next file; NaN when a file has to be whole by itself. */
function fileProblems(
  file: FileSurvey,
  following: number | undefined,
  lost: (from: number, to: number | undefined) => string,
): Problem[] {
  const problems: Problem[] = []
  const common = { file: file.path, severity: 'damage' } as const
  const last = following === undefined
  if (file.header === 'bad') {
    const problem = 'the header of the file does not match'
    const all = lost(file.first, last || Number.isNaN(following) ? undefined : following)
    if (file.mark !== undefined) problems.push({ ...common, offset: 0, problem, lost: 'nothing; it can be made anew' })
    else if (last && file.size <= segmentHeaderBytes) {
      problems.push({
        ...common,
        offset: 0,
        problem: 'a new file without records',
        lost: 'nothing',
        severity: 'interrupted',
      })
    } else problems.push({ ...common, offset: 0, problem, lost: all })
  }
  for (const { position, reason, next, resume } of file.gaps) {
    if (last && resume === undefined) {
      const rest = 'nothing that was acknowledged, unless the disk damaged the last write'
      problems.push({ ...common, offset: position, problem: reason, lost: rest, severity: 'interrupted' })
      continue
    }
    const to = resume ?? (Number.isNaN(following) ? undefined : following)
    problems.push({ ...common, offset: position, problem: reason, lost: lost(next, to) })
  }
  return problems
}

function lostRecords({ kind, name }: DirectorySurvey, from: number, to: number | undefined): string {
  const [what, base] = kind === 'log' ? ['records', 0] : ['writes', 1]
  const of = `of ${kind} "${name}"`
  if (to === undefined) return `all ${what} ${of} from ${from + base} on; how many is not known`
  return `${to - from} ${what} ${of}: ${from + base} to ${to - 1 + base}`
}

function lostRows(from: number, to: number | undefined): string {
  return to === undefined ? `all rows of the snapshot after the first ${from}` : `${to - from} rows of the snapshot`
}
