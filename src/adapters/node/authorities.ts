/**
 * Whom to trust beside the runtime's own authorities: certificates from files that a configuration named, kept under the digest of
 * their content. The core knows the digest alone. A content that was replaced is kept for what was asked under it; the least
 * recently used go first, and a proof that is asked for then fails as this machine's own fault (`local`).
 *
 * What TLS makes of them (a secure context: every certificate read and indexed) is made once and shared by all handshakes.
 */
import { createHash, X509Certificate } from "node:crypto"
import * as tls from "node:tls"

const MOST_KEPT = 1024
/** Each may hold a megabyte of certificates; one that is needed again is made again. */
const MOST_CONTEXTS = 64
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const certificates = new Map<string, ReadonlyArray<string>>()
const contexts = new Map<string, tls.SecureContext>()

/** Keeps the certificates of a PEM text and gives their digest; throws where one cannot be read. undefined: there is none. */
export function trust(pem: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) return undefined
  for (const block of blocks) new X509Certificate(block)
  const digest = createHash("sha256").update(blocks.join("\n")).digest("hex").slice(0, 32)
  keep(digest, blocks)
  return digest
}

/** What a handshake takes for a digest; "": the runtime's own authorities. undefined: nobody knows the digest. May throw. */
export function contextOf(digest: string): tls.SecureContext | undefined {
  const blocks = certificates.get(digest)
  if (blocks === undefined && digest !== "") return undefined
  if (blocks !== undefined) keep(digest, blocks)
  const context = contexts.get(digest) ?? tls.createSecureContext(blocks === undefined ? {} : { ca: [...blocks] })
  renew(contexts, digest, context, MOST_CONTEXTS)
  return context
}

function keep(digest: string, blocks: ReadonlyArray<string>): void {
  renew(certificates, digest, blocks, MOST_KEPT)
}

/** Makes it the most recently used one; the least recently used goes when there are too many. */
function renew<A>(all: Map<string, A>, digest: string, value: A, most: number): void {
  all.delete(digest)
  all.set(digest, value)
  const [oldest] = all.keys()
  if (all.size > most && oldest !== undefined) all.delete(oldest)
}
