using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Files;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Notices;
using Lumos.Linux.Netlink;
using Lumos.Network.Actions;
using Lumos.Network.Applets;
using Lumos.Network.Model;

namespace Lumos.Network;

/// <summary>The commands of the host's network, put together with their real drivers.</summary>
public static class NetworkApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("net-dhcp-event", "apply what a DHCP server gave (run by the DHCP client)", DhcpEvent),
        new("net-hosted", "make a hosted global zone's networks (a service method)", NetHosted.Run),
        new("net-physical", "make the host's network (a service method)", Physical),
        new("nictagadm", "manage nic tags", context => With(
            (host, store, paths) => new Nictagadm(context, host, store, paths, HostedFile.Load()).Run())),
    ];

    private static int Physical(AppletContext context)
    {
        if (context.Args is not ["start" or "stop"])
        {
            throw new UsageException("usage: net-physical start|stop (the methods of svc:/network/physical)");
        }
        var boot = Boot();
        var notes = new BootNotes(context.Error);
        return With((host, store, paths) =>
        {
            try
            {
                var network = new PhysicalNetwork(host, new Udhcpc(paths, notes.Say), paths, notes.Say, notes.Announce);
                // noimport: whatever a pool says is not looked at; only the boot arguments count.
                var spec = boot.NoImport ? NetworkConfigReader.Read(NetworkConfigReader.FromBoot(boot)) : store.ReadSpec();
                if (context.Args[0] == "start")
                {
                    return network.Start(spec, boot);
                }
                network.Stop(spec);
                return ExitStatus.Success;
            }
            catch (LumosException e) when (e.Code == "BadConfigFile")
            {
                notes.Announce($"network/physical: {e.Message}; correct it, then \"svcadm clear network/physical\"");
                return 96; // SMF_EXIT_ERR_CONFIG
            }
        });
    }

    private static int DhcpEvent(AppletContext context)
    {
        if (context.Args.Count != 1)
        {
            throw new UsageException("usage: net-dhcp-event deconfig|bound|renew|leasefail|nak (run by the DHCP client)");
        }
        return With((host, store, paths) =>
        {
            using var turn = FileLock.Acquire("network-lease", TimeSpan.FromSeconds(30));
            var boot = Boot();
            var spec = boot.NoImport ? NetworkConfigReader.Read(NetworkConfigReader.FromBoot(boot)) : store.ReadSpec();
            new DhcpEvents(host, paths, new NameFiles(paths), context.Error.WriteLine).Handle(context.Args[0], context.Environment, spec);
            return ExitStatus.Success;
        });
    }

    private static int With(Func<INetworkHost, ConfigStore, NetworkPaths, int> run)
    {
        using var stack = NetworkStack.Open();
        var paths = new NetworkPaths();
        return run(new LinuxNetworkHost(stack), new ConfigStore(paths, Boot), paths);
    }

    private static BootArguments Boot() => BootArguments.Parse(File.ReadAllText("/proc/cmdline"));
}
