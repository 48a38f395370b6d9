/** A directory for the demo or the soak, mode 0700. It stays afterwards. */
import * as Effect from "effect/Effect"
import { mkdtemp } from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { RecordError } from "../../shell/errors.ts"

export const ownDirectory = (command: "demo" | "soak") => {
  const prefix = path.join(os.tmpdir(), `fairlead-${command}-`)
  return Effect.tryPromise({
    try: () => mkdtemp(prefix),
    catch: (cause) =>
      new RecordError({
        path: `${prefix}*`,
        code: (cause as NodeJS.ErrnoException).code ?? String(cause),
        doing: "open"
      })
  })
}
