/** Keeps the values of before where nothing changed, so that the page draws anew only what did. */
import type { Candidate, Upstream } from "./answers.ts"

/** The upstream of now, with the candidates of before that are the same. */
export function reusing(before: Upstream | undefined, now: Upstream): Upstream {
  if (before === undefined) return now
  const known = new Map(before.candidates.map((one) => [one.id, one]))
  return { ...now, candidates: now.candidates.map((one) => isSame(known.get(one.id), one) ? known.get(one.id) ?? one : one) }
}

function isSame(before: Candidate | undefined, now: Candidate): boolean {
  if (before === undefined) return false
  return (Object.keys(now) as Array<keyof Candidate>).every((key) =>
    key === "sources" ? before.sources.join() === now.sources.join() : before[key] === now[key]
  )
}
