using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Lumos.Vm.Display.Web;

/// <summary>
/// Tickets to look at one machine's screen: 256 random bits, good for one viewer within a minute. They are in memory alone, so none is left when the daemon ends. Any thread.
/// </summary>
internal sealed class ViewerTickets(TimeProvider clock)
{
    /// <summary>How long somebody has to follow the address that he was given.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    /// <summary>More than anybody opens in a minute: of those that nobody used the oldest goes.</summary>
    private const int Most = 64;

    private const int Bytes = 32;

    private readonly Lock _lock = new();
    private readonly List<Ticket> _tickets = [];

    /// <summary>A new one, in letters that need no escaping in an address.</summary>
    /// <param name="vm">UUID of the machine whose screen it shows.</param>
    internal string Issue(string vm)
    {
        string text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        lock (_lock)
        {
            DropOld();
            if (_tickets.Count == Most)
            {
                _tickets.RemoveAt(0);
            }
            _tickets.Add(new Ticket(vm, Encoding.ASCII.GetBytes(text), clock.GetTimestamp()));
        }
        return text;
    }

    /// <summary>Whether a text is a ticket for that machine; it is none any more afterwards, whatever machine it was for.</summary>
    internal bool Redeem(string vm, string text)
    {
        byte[] shown = Encoding.UTF8.GetBytes(text);
        lock (_lock)
        {
            DropOld();
            int found = -1;
            for (int i = 0; i < _tickets.Count; i++) // all of them: how long it takes tells nothing
            {
                if (CryptographicOperations.FixedTimeEquals(_tickets[i].Text, shown))
                {
                    found = i;
                }
            }
            if (found < 0)
            {
                return false;
            }
            bool isFor = _tickets[found].Vm == vm;
            _tickets.RemoveAt(found);
            return isFor;
        }
    }

    private void DropOld() => _tickets.RemoveAll(ticket => clock.GetElapsedTime(ticket.Issued) > Life);

    private sealed record Ticket(string Vm, byte[] Text, long Issued);
}
