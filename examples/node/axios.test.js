import * as client from './axios.js'
import { behaves } from './behaviour.js'

behaves(client)
