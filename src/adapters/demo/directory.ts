/** A directory for the demo, mode 0700. It stays after the demo. */
import * as Effect from "effect/Effect"
import { mkdtemp } from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { RecordError } from "../../shell/errors.ts"

export const ownDirectory = Effect.tryPromise({
  try: () => mkdtemp(path.join(os.tmpdir(), "fairlead-demo-")),
  catch: (cause) =>
    new RecordError({
      path: path.join(os.tmpdir(), "fairlead-demo-*"),
      code: (cause as NodeJS.ErrnoException).code ?? String(cause),
      doing: "open"
    })
})
