import { aclRoutes, banRoutes } from './resources/access.ts'
import { accountRoutes } from './resources/accounts.ts'
import { backupRoutes } from './resources/backup.ts'
import { bridgeEntryRoutes } from './resources/bridge-entries.ts'
import { bridgeTypeRoutes } from './resources/bridge-types.ts'
import { bridgeRoutes } from './resources/bridges.ts'
import { clientRoutes, sessionRoutes } from './resources/clients.ts'
import { configurationRoutes } from './resources/configuration.ts'
import { connectionRoutes } from './resources/connections.ts'
import { loginRoutes } from './resources/login.ts'
import { delayedRoutes, publishRoutes, retainedRoutes } from './resources/messages.ts'
import { nodeRoutes } from './resources/node.ts'
import { subscriptionRoutes } from './resources/subscriptions.ts'
import { topicRoutes } from './resources/topics.ts'
import { traceRoutes } from './resources/traces.ts'
import { userRoutes } from './resources/users.ts'
import { watchRoutes } from './resources/watch.ts'
import type { Route } from './route.ts'

/** All that the API offers. */
export const routes: readonly Route[] = [
  ...loginRoutes,
  ...nodeRoutes,
  ...clientRoutes,
  ...sessionRoutes,
  ...subscriptionRoutes,
  ...topicRoutes,
  ...publishRoutes,
  ...retainedRoutes,
  ...delayedRoutes,
  ...userRoutes,
  ...aclRoutes,
  ...banRoutes,
  ...configurationRoutes,
  ...watchRoutes,
  ...traceRoutes,
  ...bridgeRoutes,
  ...bridgeEntryRoutes,
  ...bridgeTypeRoutes,
  ...connectionRoutes,
  ...accountRoutes,
  ...backupRoutes,
]
