/**
 * Whom to trust beside the runtime's own authorities: certificates from files that a configuration named, kept under the digest of
 * their content. The core knows the digest alone. A content that was replaced is kept for what was asked under it; the least
 * recently used go first, and a proof that is asked for then fails as this machine's own fault (`local`).
 */
import { createHash, X509Certificate } from "node:crypto"

const MOST_KEPT = 1024
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const kept = new Map<string, ReadonlyArray<string>>()

/** Keeps the certificates of a PEM text and gives their digest; throws where one cannot be read. undefined: there is none. */
export function trust(pem: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) return undefined
  for (const block of blocks) new X509Certificate(block)
  const digest = createHash("sha256").update(blocks.join("\n")).digest("hex").slice(0, 32)
  keep(digest, blocks)
  return digest
}

/** The certificates behind a digest, as `tls` takes them; none: the runtime's own. undefined: nobody knows the digest. */
export function authoritiesOf(digest: string): { readonly ca?: Array<string> } | undefined {
  if (digest === "") return {}
  const blocks = kept.get(digest)
  if (blocks === undefined) return undefined
  keep(digest, blocks)
  return { ca: [...blocks] }
}

function keep(digest: string, blocks: ReadonlyArray<string>): void {
  kept.delete(digest)
  kept.set(digest, blocks)
  const [oldest] = kept.keys()
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
}
