import net from 'node:net'
import { Aedes } from 'aedes'

/** An aedes broker as its documentation shows it: `node aedes-server.js PORT`. */
const broker = await Aedes.createBroker({ queueLimit: 1_000_000 })
const listen = { port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 }
net.createServer({ noDelay: true }, broker.handle).listen(listen)
process.on('SIGTERM', () => process.exit(0))
