import * as client from './fetch.js'
import { behaves } from './behaviour.js'

behaves(client)
