using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Lumos.Network;

namespace Lumos.Vm.Display;

/// <summary>The address at which the machine's operators reach it.</summary>
internal static class AdminAddress
{
    private const string Tag = "admin";

    /// <summary>The first IPv4 address of the admin tag's bridge; null: it has none (yet).</summary>
    internal static IPAddress? Find()
    {
        if (NicTags.Load().FirstOrDefault(tag => tag.Name == Tag) is not { IsReady: true } admin)
        {
            return null;
        }
        // On a machine that is ours the bridge is named after the tag; on one that we share, it is the tag's link.
        string[] names = admin.Link is { } link ? [admin.Name, link] : [admin.Name];
        return NetworkInterface.GetAllNetworkInterfaces().Where(link => names.Contains(link.Name))
            .SelectMany(link => link.GetIPProperties().UnicastAddresses).Select(address => address.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork);
    }
}
