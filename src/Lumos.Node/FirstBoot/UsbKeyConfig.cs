using Lumos.Core;
using Lumos.Core.Configuration;

namespace Lumos.Node.FirstBoot;

/// <summary>The /usbkey/config that the first boot writes, with SmartOS's keys.</summary>
internal static class UsbKeyConfig
{
    internal const string AuthorizedKeysFile = "authorized_keys";

    internal static ShellConfig Write(SetupSpec spec)
    {
        var config = ShellConfig.Empty
            .WithComment("Written at the first boot; edit it, then reboot. A shell can source it: key=value, one a line.")
            .WithComment("")
            .With("admin_nic", spec.AdminNic.ToString())
            .With("admin_ip", spec.AdminIp);
        if (spec.AdminNetmask is { } netmask)
        {
            config = config
                .With("admin_netmask", netmask)
                .With("admin_network", IpNet.FromNetmask(spec.AdminIp, netmask).Network.Address.ToString());
        }
        if (spec.Gateway is { } gateway)
        {
            config = config.With("admin_gateway", gateway).With("headnode_default_gateway", gateway);
        }
        config = Optional(config, "dns_resolvers", string.Join(',', spec.Resolvers));
        config = Optional(config, "dns_domain", spec.Domain);
        config = Optional(config, "ntp_hosts", string.Join(',', spec.TimeServers));
        config = Optional(config, "compute_node_ntp_hosts", string.Join(',', spec.TimeServers));
        config = config.With("hostname", spec.Hostname).With("smt_enabled", "true");
        return spec.AuthorizedKeys.Trim().Length > 0
            ? config.With("root_authorized_keys_file", AuthorizedKeysFile)
            : config;
    }

    private static ShellConfig Optional(ShellConfig config, string key, string value) =>
        value.Length == 0 ? config : config.With(key, value);
}
