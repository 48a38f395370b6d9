/** Fairlead for `node:http` and `node:https`. */
export type { AgentOptions } from "./adapters/http/agents.ts"
export { httpAgentOf, httpsAgentOf } from "./adapters/http/agents.ts"
export type { Served } from "./adapters/http/Connector.ts"
export type { FailedHandshake } from "./adapters/http/HandshakeError.ts"
export { HandshakeError } from "./adapters/http/HandshakeError.ts"
export type { ResponseInfo } from "./adapters/http/options.ts"
export { servedBy } from "./adapters/http/servedBy.ts"
export type { WarmTlsOptions } from "./adapters/http/WarmTls.ts"
