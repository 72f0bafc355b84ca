using System.Text;
using Lumos.Core.Hosting;

namespace Lumos.Network.Hosted;

/// <summary>
/// The text for <c>nft -f -</c>: one table of our own, replaced as a whole in one transaction. Pure.
/// <para>It holds what has an effect and nothing else. A verdict "accept" of ours ends only our own chain: what another table
/// drops stays dropped, so there is no rule that lets anything in; see <see cref="ForeignChain"/>.</para>
/// </summary>
public static class HostedRules
{
    /// <summary>The table's name, of family inet.</summary>
    public static string Table(string root) => $"lumos_{root}";

    /// <summary>Puts the table there, or anew.</summary>
    public static string Text(HostedConfig config)
    {
        var text = new StringBuilder(Gone(config.Name));
        if (!config.OwnTags.Any())
        {
            return text.ToString();
        }
        // Even an empty table says that this root is there.
        text.Append($"table inet {Table(config.Name)} {{\n");
        var networks = config.OwnTags.Where(t => t.Nat).ToList();
        if (networks.Count == 0)
        {
            return text.Append("}\n").ToString();
        }
        text.Append("\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n");
        foreach (var tag in networks)
        {
            // What was asked for from inside, and ports that the host's owner forwards (dnat), may come in; nothing else.
            string into = $"\t\tiifname != \"{tag.Bridge}\" oifname \"{tag.Bridge}\" ";
            text.Append(into).Append("ct state established,related accept\n");
            text.Append(into).Append("ct status dnat accept\n");
            text.Append(into).Append("reject with icmpx admin-prohibited\n");
        }
        text.Append("\t}\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n");
        foreach (var tag in networks)
        {
            text.Append($"\t\tip saddr {tag.Subnet} ip daddr != {tag.Subnet} oifname != \"{tag.Bridge}\" masquerade\n");
        }
        return text.Append("\t}\n}\n").ToString();
    }

    /// <summary>Takes the table away; fine when it is not there (it is made first, in the same transaction).</summary>
    public static string Gone(string root) => $"table inet {Table(root)}\ndelete table inet {Table(root)}\n";
}
