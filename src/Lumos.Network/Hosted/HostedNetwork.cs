using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Files;
using Lumos.Linux.Netlink;

namespace Lumos.Network.Hosted;

/// <summary>
/// The network of a hosted global zone: svc:/network/physical on a host that we share.
/// <para>Purpose: give zones networks of their own beside whatever network the host has, and leave no trace at the end.</para>
/// <para>Vocabulary: a <em>root</em> is one hosted global zone; there may be several on a host, told apart by name. Its
/// <em>nic tags</em> stand in /usbkey/hosted.json. An <em>own</em> tag is a bridge of ours with a subnet; the host has the first
/// address of it. An <em>existing</em> tag is a bridge of the host's: it is used and never changed. <em>Uplinks</em> are the
/// host's links that lead anywhere.</para>
/// <para>In the kernel: bridges that bear the mark lumos:ROOT:TAG as their alias, one nftables table "inet lumos_ROOT", the
/// switches net.ipv4.conf.LINK.forwarding. The mark and the table's name are what tells ours from others', so a start finds what an
/// earlier life left, and stop needs no memory but that of the switches (<see cref="Forwarding"/>), which all roots share.</para>
/// <para>Flow: hosted.json → <see cref="HostedConfig"/> → <see cref="HostedPlan"/> against what the kernel shows → steps. What is in
/// the way is told by name before anything is made. Starting again makes what is missing; it is also what refresh does.</para>
/// <para>Failure: a step that fails undoes those before it. A bridge with links of zones on it is not taken away by stop: a restart
/// of the service must not cut off zones.</para>
/// <para>Tested by Lumos.Network.Tests: plan and rules purely; start, stop, leases, names and NAT on the real kernel.</para>
/// </summary>
public sealed class HostedNetwork(NetworkStack stack, HostedPaths paths, Action<string> say)
{
    /// <summary>SMF_EXIT_ERR_CONFIG: trying again does not help.</summary>
    private const int Configuration = 96;

    private readonly Forwarding _forwarding = new(paths.Shared);

    /// <exception cref="LumosException">NetworkRefused: something is in the way; nothing was made.</exception>
    public void Start(HostedConfig config)
    {
        using var turn = Lock();
        var plan = HostedPlan.Make(config, new HostedObservation(stack.Links(), stack.Addresses(), stack.Routes(), Nft.Chains()));
        if (!plan.Faults.IsEmpty)
        {
            throw new LumosException("NetworkRefused", string.Join("; ", plan.Faults), Configuration);
        }
        using var undo = new UndoStack(say);
        bool hadRules = Nft.InetTables().Contains(HostedRules.Table(config.Name));
        foreach (var step in plan.Steps)
        {
            say(step.ToString());
            try
            {
                Take(step, config, hadRules, undo);
            }
            catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
            {
                throw new LumosException("NetworkNotMade", $"could not {step}", inner: e);
            }
        }
        undo.Commit();
        foreach (string warning in plan.Warnings)
        {
            say($"warning: {warning}");
        }
    }

    /// <summary>Takes away what start made.</summary>
    public void Stop(HostedConfig config)
    {
        using var turn = Lock();
        var links = stack.Links();
        var bridges = links.Where(l => HostedPlan.IsOurs(l, config.Name)).ToList();
        var zones = links.Where(l => bridges.Any(b => b.Index == l.Master)
            && l.Name.StartsWith(config.LinkPrefix + ".", StringComparison.Ordinal)).ToList();
        if (zones.Count > 0)
        {
            say($"zones are still on the network ({string.Join(", ", zones.Select(z => z.Name))}), so all of it stays");
            return;
        }
        foreach (var bridge in bridges)
        {
            say($"remove bridge {bridge.Name}");
            stack.DeleteLink(bridge.Index);
        }
        _forwarding.Release(config.Name, Others());
        Nft.Apply(HostedRules.Gone(config.Name));
    }

    private void Take(HostedStep step, HostedConfig config, bool hadRules, UndoStack undo)
    {
        switch (step)
        {
            case HostedStep.Rules rules:
                if (!hadRules)
                {
                    undo.Push("nftables table", () => Nft.Apply(HostedRules.Gone(config.Name)));
                }
                Nft.Apply(rules.Text);
                break;
            case HostedStep.MakeBridge bridge:
                int made = stack.CreateBridge(bridge.Name, bridge.Mac).Index;
                undo.Push($"bridge {bridge.Name}", () => stack.DeleteLink(made));
                stack.SetAlias(made, bridge.Mark);
                // Own networks are IPv4. With IPv6 on, a zone could tell the host a router of its own choice.
                Forbid(bridge.Name);
                break;
            case HostedStep.RemoveBridge bridge:
                stack.DeleteLink(stack.GetLink(bridge.Name).Index);
                break;
            case HostedStep.AddAddress address:
                stack.AddAddress(stack.GetLink(address.Link).Index, address.Net);
                break;
            case HostedStep.DropAddress address:
                stack.DeleteAddress(stack.GetLink(address.Link).Index, address.Net);
                break;
            case HostedStep.SetUp up:
                stack.SetUp(stack.GetLink(up.Link).Index);
                break;
            case HostedStep.Forward forward:
                _forwarding.SwitchOn(forward.Bridge);
                break;
            case HostedStep.ForwardUplinks uplinks:
                if (!hadRules)
                {
                    undo.Push("forwarding", () => _forwarding.Release(config.Name, Others()));
                }
                _forwarding.Claim(config.Name, uplinks.Links);
                break;
            default:
                throw new InvalidOperationException($"no way known to {step}");
        }
    }

    private static Func<string, bool> Others()
    {
        var tables = Nft.InetTables();
        return root => tables.Contains(HostedRules.Table(root));
    }

    private static void Forbid(string bridge)
    {
        string file = $"/proc/sys/net/ipv6/conf/{bridge}/disable_ipv6";
        if (File.Exists(file)) // else the kernel has no IPv6
        {
            File.WriteAllText(file, "1");
        }
    }

    /// <summary>One at a time on the whole host: two roots that look at once would both find a name free.</summary>
    private FileLock Lock() => FileLock.Acquire(Path.Combine(paths.Shared, "start.lock"), TimeSpan.FromSeconds(60), say);
}
