/**
 * Certificate authorities beside the runtime's own: certificates from configured files, by the digest of their content. The
 * core knows the digest alone. A replaced content stays for the proofs that were requested under it. The least recently used
 * contents go first; a proof that still needs one of them fails as this machine's own fault (`local`).
 *
 * A secure context of TLS reads and indexes every certificate. It is made once for each digest, and all handshakes share it.
 */
import { createHash, X509Certificate } from "node:crypto"
import * as tls from "node:tls"

const MOST_KEPT = 1024
/** Each context may take a megabyte. One that is needed again is made again. */
const MOST_CONTEXTS = 64
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const certificates = new Map<string, ReadonlyArray<string>>()
const contexts = new Map<string, tls.SecureContext>()

/** Stores the certificates of a PEM text and gives their digest; undefined: there are none. Throws where one cannot be read. */
export function trust(pem: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) return undefined
  for (const block of blocks) new X509Certificate(block)
  const digest = createHash("sha256").update(blocks.join("\n")).digest("hex").slice(0, 32)
  keep(digest, blocks)
  return digest
}

/**
 * The secure context for a digest; "" stands for the runtime's own authorities. undefined: the digest is unknown. Throws where
 * no context can be made.
 */
export function contextOf(digest: string): tls.SecureContext | undefined {
  const blocks = certificates.get(digest)
  if (blocks === undefined && digest !== "") return undefined
  if (blocks !== undefined) keep(digest, blocks)
  const context = contexts.get(digest) ?? tls.createSecureContext(blocks === undefined ? {} : { ca: [...blocks] })
  renew(contexts, digest, context, MOST_CONTEXTS)
  return context
}

/** The certificates of a digest; undefined: the digest is empty or unknown. */
export function authoritiesOf(digest: string): ReadonlyArray<string> | undefined {
  return certificates.get(digest)
}

function keep(digest: string, blocks: ReadonlyArray<string>): void {
  renew(certificates, digest, blocks, MOST_KEPT)
}

/** Makes an entry the most recently used one, and removes the least recently used where there are too many. */
function renew<A>(all: Map<string, A>, digest: string, value: A, most: number): void {
  all.delete(digest)
  all.set(digest, value)
  const [oldest] = all.keys()
  if (all.size > most && oldest !== undefined) all.delete(oldest)
}
