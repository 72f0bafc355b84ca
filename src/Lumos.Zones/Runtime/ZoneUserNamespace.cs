using System.Globalization;
using Lumos.Core;
using Lumos.Linux.Handles;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Spawn;

namespace Lumos.Zones.Runtime;

/// <summary>
/// A user namespace that maps ids 0 to 65,535 to a zone's range, for giving mounts the zone's view of ids. It has no member:
/// the process it is born with ends as soon as we hold it.
/// </summary>
internal static class ZoneUserNamespace
{
    internal static FileDescriptor Create(uint firstId)
    {
        using var input = Pipe.Create();
        using var output = Pipe.Create();
        using var child = ChildProcess.Start(new SpawnRequest
        {
            // The empty line says that the namespace is there; cat keeps it until its input ends.
            Argv = ["unshare", "--user", "sh", "-c", "echo && exec cat"],
            Input = input.Read,
            Output = output.Write,
            WorkingDirectory = "/",
        });
        input.Read.Dispose();
        output.Write.Dispose();
        try
        {
            Span<byte> line = stackalloc byte[1];
            if (output.Read.Read(line) != 1)
            {
                throw new LumosException("NoUserNamespace", "this kernel does not let us make a user namespace");
            }
            string map = string.Create(CultureInfo.InvariantCulture, $"0 {firstId} {ZoneSpec.IdCount}\n");
            File.WriteAllText($"/proc/{child.Pid}/uid_map", map);
            File.WriteAllText($"/proc/{child.Pid}/gid_map", map);
            return Namespace.Open(child.Pid, NamespaceKinds.User);
        }
        finally
        {
            input.Write.Dispose();
            child.Wait();
        }
    }
}
