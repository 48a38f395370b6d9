/**
 * Reads files of trusted certificates. Each upstream's `caFile` becomes the digest of its content, which the core may know. The
 * certificates stay in the adapter. A file that is missing or has no certificate is a mistake in the configuration.
 */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import { readAuthorities } from "../../adapters/file/authorities.ts"
import type { Config } from "../../core/model/Config.ts"
import type { Parsed } from "./parse.ts"
import type { Problem } from "./Problem.ts"

/** A configuration with its files read, or with the mistakes in them. */
export const withAuthorities = Effect.fnUntraced(function* <P extends Parsed>(parsed: P) {
  const { settings, caFiles } = parsed
  if (settings === undefined || caFiles.length === 0) return parsed
  const problems: Array<Problem> = []
  const digests = new Map<string, string>()
  for (const { file, problem } of caFiles) {
    if (digests.has(file)) continue
    const { digest, why } = yield* readAuthorities(path.resolve(file))
    if (digest === undefined) problems.push(problem(why))
    else digests.set(file, digest)
  }
  if (problems.length > 0) return { ...parsed, settings: undefined, effective: undefined, problems }
  return { ...parsed, settings: { ...settings, core: withDigests(settings.core, digests) } }
})

function withDigests(core: Config, digests: ReadonlyMap<string, string>): Config {
  const upstreams = core.upstreams.map((one) => {
    const ca = digests.get(one.ca)
    if (ca === undefined) return one
    return { ...one, ca, identity: one.identity === null ? null : { ...one.identity, ca } }
  })
  return { ...core, upstreams }
}
