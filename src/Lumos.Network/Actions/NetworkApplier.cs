using Lumos.Core;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>
/// Carries out a plan, step by step. A step that fails is told with its name, and the steps of other links still follow:
/// half a network is what one can log in over to mend the other half.
/// </summary>
public sealed class NetworkApplier(INetworkHost host, IDhcpClient dhcp, Action<string> say)
{
    /// <returns>A sentence for each step that failed.</returns>
    public IReadOnlyList<string> Apply(NetworkPlan plan)
    {
        var failures = new List<string>();
        foreach (var step in plan.Steps)
        {
            try
            {
                say(step.ToString());
                Take(step);
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                failures.Add($"could not {step}: {LumosException.Describe(e)}");
            }
        }
        return failures;
    }

    private void Take(NetworkStep step)
    {
        switch (step)
        {
            case NetworkStep.MakeBridge bridge:
                host.MakeBridge(bridge.Name, bridge.Mac);
                break;
            case NetworkStep.SetMtu mtu:
                host.SetMtu(mtu.Link, mtu.Mtu);
                break;
            case NetworkStep.Join join:
                host.Join(join.Link, join.Bridge);
                break;
            case NetworkStep.SetUp up:
                host.SetUp(up.Link);
                break;
            case NetworkStep.Autoconf autoconf:
                host.SetAutoconf(autoconf.Link, autoconf.Wanted);
                break;
            case NetworkStep.AddAddress address:
                host.AddAddress(address.Link, address.Net);
                break;
            case NetworkStep.DefaultRoute route:
                host.SetDefaultRoute(route.Gateway, route.Link);
                break;
            case NetworkStep.StartDhcp start:
                dhcp.Start(start.Link);
                break;
            default:
                throw new InvalidOperationException($"no way known to {step}");
        }
    }
}

/// <summary>Asks for leases. What a lease brings is applied by <see cref="DhcpEvents"/>, which the client runs.</summary>
public interface IDhcpClient
{
    /// <summary>Begins; waits (bounded) for the first answer and says so when none came, going on in the background.</summary>
    void Start(string link);

    /// <summary>Ends the client of a link; none is fine.</summary>
    void Stop(string link);
}
