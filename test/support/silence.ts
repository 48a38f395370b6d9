/** Reports of a session's silence that go nowhere. */
import type { Silence } from "../../src/plane/ports/Transport.ts"

export const untold: Silence = {
  silentAfterMs: 60_000,
  stallMs: 60_000,
  silent: () => false,
  stalled: () => false,
  spoke: () => {}
}
