using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Hosting;
using Lumos.Linux.Netlink;
using Lumos.Network.Hosted;

namespace Lumos.Network.Applets;

/// <summary>net-hosted: the methods of svc:/network/physical and svc:/network/dhcp-server in a hosted global zone.</summary>
internal static class NetHosted
{
    /// <summary>SMF_EXIT_NODAEMON: there is nothing to watch.</summary>
    private const int NoDaemon = 94;

    private const string Usage = """
        usage: net-hosted start|stop|refresh   (the methods of svc:/network/physical)
               net-hosted serve [refresh]      (the methods of svc:/network/dhcp-server)
        """;

    internal static int Run(AppletContext context)
    {
        var words = context.Args;
        if (words is not (["start" or "stop" or "refresh" or "serve"] or ["serve", "refresh"]))
        {
            throw new UsageException(Usage);
        }
        var config = HostedFile.Load()
            ?? throw new LumosException("NotHosted", $"this is no hosted global zone: there is no {HostedConfig.Path}", 96);
        var paths = new HostedPaths();
        Action<string> say = context.Error.WriteLine;
        if (words[0] == "serve")
        {
            var server = new Dnsmasq(paths, say);
            if (words.Count == 2)
            {
                server.Refresh(config);
                return ExitStatus.Success;
            }
            return server.Start(config) > 0 ? ExitStatus.Success : NoDaemon;
        }
        using var stack = NetworkStack.Open();
        var network = new HostedNetwork(stack, paths, say);
        if (words[0] == "stop")
        {
            network.Stop(config);
        }
        else
        {
            network.Start(config);
        }
        return ExitStatus.Success;
    }
}
