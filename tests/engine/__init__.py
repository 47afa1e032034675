"""The engine on its real store, in a town without processes, sockets or waiting."""
