using System.Text;
using Lumos.Vm.Applets.Verbs;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Applets;

/// <summary>The texts of <c>vmadm help</c>, put together from the verbs and the property table.</summary>
internal static class VmadmUsage
{
    /// <summary>All commands.</summary>
    internal static string Text
    {
        get
        {
            var text = new StringBuilder("Usage: vmadm <command> [options]\n\n");
            foreach (string line in VerbTable.All.SelectMany(verb => verb.Usage).OrderBy(line => line.TrimStart().Replace("-or- ", ""), StringComparer.Ordinal))
            {
                text.Append(line).Append('\n');
            }
            return text.Append("\nFor more detailed information on the use of this command, type 'man vmadm'.").ToString();
        }
    }

    /// <summary>One command with its aliases.</summary>
    internal static string Of(Verb verb)
    {
        string also = verb.Aliases.Where(alias => alias[0] != '-').ToList() is { Count: > 0 } names ? $"\nAlso: {string.Join(", ", names)}" : "";
        return "Usage: " + string.Join("\n       ", verb.Usage.Select(line => "vmadm " + line.Replace(" -or- ", ""))) + also;
    }

    /// <summary>What the table says of a property; null: unknown.</summary>
    internal static string? OfProperty(string name)
    {
        if (PropertyTable.Find(name) is not { } row)
        {
            return null;
        }
        var brands = BrandTable.Names.Where(n => BrandTable.TryParse(n, out var b) && (row.Brands & b) != 0);
        string when = row.Ops == PropertyOps.None ? "shown only" : row.Ops.ToString().ToLowerInvariant();
        string? status = row.Status switch
        {
            PropertyStatus.Stored => "checked, kept and shown; not enforced yet",
            PropertyStatus.AcceptedNotYet => "not acted on yet: only its default is accepted",
            PropertyStatus.Ignored => "ignored",
            _ => null,
        };
        return $"{row.Name}: {row.Meaning}\n  type     {row.Type.ToString().ToLowerInvariant()}\n  brands   {string.Join(", ", brands)}\n"
            + $"  given at {when}" + (row.Default is { } normal ? $"\n  default  {normal}" : "") + (status is null ? "" : $"\n  status   {status}");
    }
}
