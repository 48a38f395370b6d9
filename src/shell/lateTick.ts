/**
 * A tick that is late shows that the process was busy. Answers may lie in its sockets, and a tick before them would take them
 * for missing: an address that answered would be suspect. So a late tick waits for as long again, at most 20 ms, and comes after
 * what has arrived on sockets. Deno needs some turns of its event loop to pass on an answer.
 */
import type { Transport } from "../plane/ports/Transport.ts"

const BUSY_US = 5_000
const GRACE_MS = 20

/** Calls `tick`, now or after the answers. `lateUs`: how long ago the deadline came. */
export function afterAnswers(
  { timerUnsafe, soonUnsafe }: Pick<Transport["Service"], "timerUnsafe" | "soonUnsafe">,
  lateUs: number,
  tick: () => void
): void {
  if (lateUs < BUSY_US) tick()
  else timerUnsafe(Math.min(lateUs / 1000, GRACE_MS), () => soonUnsafe(tick))
}
