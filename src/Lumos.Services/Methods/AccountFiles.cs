using System.Globalization;
using Lumos.Core;

namespace Lumos.Services.Methods;

/// <summary>Who a method runs as, in numbers.</summary>
public sealed record Account(uint User, uint Group, IReadOnlyList<uint> Groups, string Name, string Home);

/// <summary>Looks users and groups up in /etc/passwd and /etc/group. Files only: services must start without a network.</summary>
public sealed class AccountFiles(string etc)
{
    /// <exception cref="LumosException">UnknownUser, UnknownGroup</exception>
    public Account Find(string? user, string? group)
    {
        var entry = Lines("passwd").FirstOrDefault(f => f.Length >= 6 && (f[0] == (user ?? "root") || f[2] == user));
        uint? number = entry is null ? ParseId(user ?? "0") : ParseId(entry[2]);
        if (number is null)
        {
            throw new LumosException("UnknownUser", $"there is no user \"{user}\" in {etc}/passwd");
        }
        uint? primary = group is null
            ? entry is null ? number : ParseId(entry[3])
            : ParseId(Lines("group").FirstOrDefault(f => f.Length >= 3 && (f[0] == group || f[2] == group))?[2] ?? group);
        if (primary is null)
        {
            throw new LumosException("UnknownGroup", $"there is no group \"{group}\" in {etc}/group");
        }
        var groups = entry is null
            ? []
            : Lines("group").Where(f => f.Length >= 4 && f[3].Split(',').Contains(entry[0])).Select(f => ParseId(f[2])).OfType<uint>();
        return new Account(number.Value, primary.Value, [.. groups], entry?[0] ?? user!, entry?[5] ?? "/");
    }

    private static uint? ParseId(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : null;

    private List<string[]> Lines(string file)
    {
        try
        {
            return [.. File.ReadLines($"{etc}/{file}").Select(l => l.Split(':'))];
        }
        catch (IOException e)
        {
            throw new LumosException("AccountsUnreadable", $"{etc}/{file} cannot be read", inner: e);
        }
    }
}
