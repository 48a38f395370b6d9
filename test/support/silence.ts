/** A session's silence told to nobody. */
import type { Silence } from "../../src/shell/Transport.ts"

export const untold: Silence = {
  silentAfterMs: 60_000,
  stallMs: 60_000,
  silent: () => false,
  stalled: () => false,
  spoke: () => {}
}
