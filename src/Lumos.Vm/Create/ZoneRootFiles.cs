using System.Text;
using Lumos.Linux.Files;

namespace Lumos.Vm.Create;

/// <summary>
/// The files vmadm writes inside a zone's root, which the zone's root user may have filled with links: everything goes
/// through <see cref="RootedDirectory"/>.
/// </summary>
public static class ZoneRootFiles
{
    /// <summary>While this is there the first boot goes on; the zone removes it, or renames it, when it is done.</summary>
    public const string Marker = "/var/svc/provisioning";

    /// <summary>What the zone may rename the marker to, to say that its first boot went wrong.</summary>
    public const string FailureMarker = "/var/svc/provision_failure";

    public static string RootOf(string zonePath) => Path.Combine(zonePath, "root");

    /// <summary>Before the first boot: who the zone is, and the marker.</summary>
    /// <param name="vm">Whose root it is.</param>
    /// <param name="sync">False: the caller brings all that he writes to the disk at once.</param>
    public static void Prepare(VmSpec vm, bool sync)
    {
        foreach (string folder in (string[])["config", "cores", "logs"])
        {
            Directory.CreateDirectory(Path.Combine(vm.ZonePath, folder),
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        using var root = RootedDirectory.Open(RootOf(vm.ZonePath));
        root.MakeDirectories("/etc");
        if (!vm.IsDocker)
        {
            root.MakeDirectories("/var/svc");
        }
        root.WriteAll(
        [
            FileContent.Text("/etc/hostname", vm.Hostname + "\n"),
            FileContent.Text("/etc/hosts", Hosts(vm)),
            .. vm.List("resolvers").Any() ? [FileContent.Text("/etc/resolv.conf", Resolvers(vm))] : Array.Empty<FileContent>(),
            .. vm.IsDocker ? [] : new[] { FileContent.Text(Marker, "") },
        ], sync);
    }

    /// <summary>Writes the resolvers into a zone that has maintain_resolvers.</summary>
    public static void WriteResolvers(VmSpec vm)
    {
        using var root = RootedDirectory.Open(RootOf(vm.ZonePath));
        root.Write("/etc/resolv.conf", Resolvers(vm));
    }

    public static string Hosts(VmSpec vm)
    {
        string name = vm.Hostname;
        string names = name.Contains('.') || vm.Text("dns_domain") is not { } domain
            ? $"{name} {name.Split('.')[0]}".TrimEnd()
            : $"{name}.{domain} {name}";
        return $"127.0.0.1\tlocalhost loghost\n::1\tlocalhost\n127.0.1.1\t{names}\n";
    }

    public static string Resolvers(VmSpec vm)
    {
        var text = new StringBuilder();
        if (vm.Text("dns_domain") is { } domain)
        {
            text.Append("search ").Append(domain).Append('\n');
        }
        foreach (string resolver in vm.List("resolvers"))
        {
            text.Append("nameserver ").Append(resolver).Append('\n');
        }
        return text.ToString();
    }
}
