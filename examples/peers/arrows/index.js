// entry: node index.js <port>
const { Node } = require('./lib/node');
const { repl } = require('./lib/repl');

const port = parseInt(process.argv[2], 10);
if (isNaN(port)) {
  console.error('Usage: node index.js <port>');
  process.exit(1);
}

const node = new Node(port);
node.start(() => repl(node));
