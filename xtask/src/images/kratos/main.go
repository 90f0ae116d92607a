// Ory Kratos as its own module has it: the only way to build it from what a module proxy holds.
package main

import (
	"os"

	"github.com/ory/kratos/cmd"
)

func main() { os.Exit(cmd.Execute()) }
