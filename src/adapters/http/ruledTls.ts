/** TLS as the configuration wants it, where it has rules for the host: pins, or names to send. */
import { Connection } from "./Connection.ts"
import type { Connector, OwnTls } from "./Connector.ts"
import type { TlsOptions } from "./handshake.ts"
import type { OpenTls } from "./openTls.ts"

/** Of the client's options only those that cannot weaken a rule are passed on. */
export const byRules = (connector: Connector, usual: OpenTls): OpenTls => async (host, port, options, signal) => {
  if (connector.connectTls === undefined || connector.hasTlsRules?.(host, port) !== true) {
    return usual(host, port, options, signal)
  }
  const secure = await connector.connectTls(host, port, { ...ownOf(options), ...(signal === undefined ? {} : { signal }) })
  return new Connection(connector, secure)
}

function ownOf({ ALPNProtocols, ca, cert, key }: TlsOptions): OwnTls {
  const own = { alpn: ALPNProtocols, ca, cert, key }
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
}
