/**
 * Keys of the configuration that come with later work. They are accepted, so that one file fits every version, and each
 * one that is set gets a warning that it has no effect yet. This list shrinks to nothing.
 */
const LATER: ReadonlyArray<string> = [
  "listeners.*.proxyProtocol",
  "listeners.*.allow",
  "listeners.*.privateTargets",
  "listeners.*.users",
  "listeners.*.clients",
  "listeners.*.handshake",
  "upstreams.*.proxyProtocol",
  "?.dial.perCandidate",
  "?.pool.rescue",
  "?.session.onCandidateDeath",
  "workers"
]

/** `?.` stands for the top of the file and for each upstream. */
const PATTERNS = LATER.flatMap((path) => path.startsWith("?.") ? [path.slice(2), `upstreams.*.${path.slice(2)}`] : [path])
  .map((path) => path.split("."))

/** Takes the later keys out of a parsed file, in place, and tells their paths. */
export function takeLaterKeys(file: unknown): ReadonlyArray<ReadonlyArray<string | number>> {
  const taken: Array<ReadonlyArray<string | number>> = []
  for (const pattern of PATTERNS) takeOne(file, pattern, [], taken)
  return taken
}

function takeOne(
  node: unknown,
  pattern: ReadonlyArray<string>,
  path: ReadonlyArray<string | number>,
  taken: Array<ReadonlyArray<string | number>>
): void {
  const [head, ...rest] = pattern
  if (typeof node !== "object" || node === null || head === undefined) return
  const record = node as Record<string, unknown>
  const keys = head === "*" ? Object.keys(record) : Object.hasOwn(record, head) ? [head] : []
  for (const key of keys) {
    const step = Array.isArray(node) ? Number(key) : key
    if (rest.length > 0) takeOne(record[key], rest, [...path, step], taken)
    else {
      delete record[key]
      taken.push([...path, step])
    }
  }
}
