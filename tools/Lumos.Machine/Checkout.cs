using Lumos.Core;

namespace Lumos.Machine;

/// <summary>The repository's folder on this workstation, and where what is made from it goes (out/, ignored by git).</summary>
public sealed record Checkout(string Root)
{
    public string Out => Path.Combine(Root, "out");

    /// <summary>The machine of <c>./lumos up</c>.</summary>
    public string Machine => Path.Combine(Out, "machine");

    public string Logs => Path.Combine(Out, "log");

    /// <summary>Where <c>./lumos test live</c> keeps its machines and their serial logs.</summary>
    public string LiveTests => Path.Combine(Out, "test", "live");

    /// <summary>The checkout that holds the running program: the nearest folder upwards with Lumos.slnx.</summary>
    public static Checkout Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Lumos.slnx")))
            {
                return new Checkout(folder.FullName);
            }
        }
        throw new LumosException("NotInACheckout", $"{AppContext.BaseDirectory} is not inside a checkout of LumOS; start ./lumos from one");
    }
}
