/** Reads a file of trusted certificates, in bounded time and memory, and passes them to the checks of identity. */
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import * as fs from "node:fs/promises"
import { trust } from "../node/authorities.ts"

const MOST_BYTES = 1_048_576
/** Limit for a disk that does not answer. */
const TIMEOUT_MS = 5_000

export interface Authorities {
  /** The digest of the certificates; undefined: there are none. */
  readonly digest: string | undefined
  /** Why there are none. */
  readonly why: string
}

export const readAuthorities = (file: string): Effect.Effect<Authorities> =>
  Effect.promise(() => read(file)).pipe(
    Effect.timeoutOrElse({
      duration: TIMEOUT_MS,
      orElse: () => Effect.succeed(none(`no answer from the disk within ${TIMEOUT_MS / 1000}s`))
    })
  )

async function read(file: string): Promise<Authorities> {
  try {
    const text = await contentOf(file)
    if (text === undefined) return none(`it is not a regular file of at most ${MOST_BYTES} bytes`)
    const digest = trust(text)
    return digest === undefined
      ? none("it holds no certificate: expected PEM, -----BEGIN CERTIFICATE-----")
      : { digest, why: "" }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === "ENOENT") return none("there is no such file")
    if (code === "EACCES" || code === "EPERM") return none("it may not be read")
    return none(`a certificate in it cannot be read: ${message}`)
  }
}

/** The kind and size of the file are read before it is opened, because a pipe would never answer. */
async function contentOf(file: string): Promise<string | undefined> {
  const found = await fs.stat(file)
  if (!found.isFile() || found.size > MOST_BYTES) return undefined
  const handle = await fs.open(file, "r")
  try {
    const buffer = Buffer.alloc(MOST_BYTES + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return length > MOST_BYTES ? undefined : buffer.toString("utf8", 0, length)
  } finally {
    await handle.close()
  }
}

function none(why: string): Authorities {
  return { digest: undefined, why }
}
