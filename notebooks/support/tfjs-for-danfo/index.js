// danfojs asks for tfjs-node, which would be a second TensorFlow with an addon of its own (300 MB) that only works where
// its install script may download. The plain package that a2gnn computes with does all that danfojs needs.
module.exports = require("@tensorflow/tfjs");
